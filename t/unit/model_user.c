/* t/unit/model_user.c - accounts: what is accepted, and their JSON. */

#include "../lib/tap.h"
#include "model/role.h"
#include "model/user.h"

static int
name(const char *s)
{
	struct err err = { 0 };
	int rc = user_check_name(s, strlen(s), &err);

	return rc == 0 ? 0 : (int)err.code;
}

static int
display(const char *s, size_t len)
{
	struct err err = { 0 };
	int rc = user_check_display(s, len, &err);

	return rc == 0 ? 0 : (int)err.code;
}

static void
test_names(void)
{
	is_int(name("abc"), 0, "three letters are a name");
	is_int(name("A.b_c-9"), 0, "letters, digits and . _ - are");
	is_int(name("ab"), ERR_BAD_REQUEST, "two letters are none");
	is_int(name("abcdefghijklmnopqrstuvwxyz012345"), 0, "32 are");
	is_int(name("abcdefghijklmnopqrstuvwxyz0123456"), ERR_BAD_REQUEST,
	    "33 are none");
	is_int(name("a b"), ERR_BAD_REQUEST, "a blank is refused");
	is_int(name("bu\xc3\xa9"), ERR_BAD_REQUEST, "so are accents");
	is_int(user_check_name("a\0bc", 4, NULL), -1, "and NUL");
}

static void
test_fold(void)
{
	char out[USER_NAME_MAX + 1];

	user_fold_name("BuDi.9-_Z", out);
	is_str(out, "budi.9-_z", "a name folds to lower case");
	user_fold_name("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF", out);
	is_str(out, "abcdefghijklmnopqrstuvwxyzabcdef", "at full length too");
}

static void
test_display(void)
{
	char wide[65 * 4 + 1] = "";

	for (int i = 0; i < 64; i++)
		strcat(wide, "\xf0\x9f\x90\xa6");
	is_int(display(wide, 256), 0, "64 characters of 4 bytes are allowed");
	is_int(display(strcat(wide, "x"), 257), ERR_BAD_REQUEST, "65 are not");
	is_int(display("", 0), ERR_BAD_REQUEST, "nothing is refused");
	is_int(display(" \xc2\xa0\xe2\x80\x8b", 6), ERR_BAD_REQUEST,
	    "so is what cannot be seen");
	is_int(display("a\nb", 3), ERR_BAD_REQUEST, "a control character");
	is_int(display("a\xe2\x80\xaetxt", 7), ERR_BAD_REQUEST,
	    "a direction override");
	is_int(display("a\0b", 3), ERR_BAD_REQUEST, "NUL");
	is_int(display("\xff", 1), ERR_BAD_REQUEST, "and broken UTF-8");
	is_int(display("S\xc3\xa9"
		       "bastien \xe2\x9d\xa4",
		   14),
	    0, "accents and symbols are fine");
}

static void
test_password(void)
{
	char s[258];

	memset(s, 'x', sizeof(s));
	is_int(user_check_password(s, 7, NULL), -1, "7 bytes are too short");
	is_int(user_check_password(s, 8, NULL), 0, "8 are a password");
	is_int(user_check_password(s, 256, NULL), 0, "256 are");
	is_int(user_check_password(s, 257, NULL), -1, "257 are too long");
	s[3] = '\0';
	is_int(user_check_password(s, 8, NULL), -1, "NUL is refused");
}

static void
test_device(void)
{
	is_int(user_check_device("Firefox", 7, NULL), 0, "a device is named");
	is_int(user_check_device("", 0, NULL), -1, "not with nothing");
}

static void
test_json(void)
{
	struct user u = { .name = "Budi" };
	struct buf b = { 0 };

	id_parse("65e000000000000000000001", 24, &u.id);
	user_json(&b, &u);
	is_str(buf_cstr(&b),
	    "{\"id\":\"65e000000000000000000001\",\"name\":\"Budi\","
	    "\"display\":\"Budi\"}",
	    "display falls back to the name");
	buf_clear(&b);
	strcpy(u.display, "Budi \"B\"");
	u.admin = true;
	u.last_seen = 1732387200000;
	user_json(&b, &u);
	is_str(buf_cstr(&b),
	    "{\"id\":\"65e000000000000000000001\",\"name\":\"Budi\","
	    "\"display\":\"Budi \\\"B\\\"\",\"admin\":true,"
	    "\"last_seen\":1732387200000}",
	    "all fields of a user");
	buf_free(&b);
}

static void
test_roles(void)
{
	is_int(role_parse("member"), ROLE_MEMBER, "member is a role");
	is_int(role_parse("owner"), ROLE_OWNER, "owner is a role");
	is_int(role_parse("none"), ROLE_NONE, "none is not to be given");
	is_int(role_parse("root"), ROLE_NONE, "root is unknown");
	is_str(role_name(ROLE_ADMIN), "admin", "admin has a name");
	is_str(role_name((enum role)9), "none", "a wrong number does not");
}

int
main(void)
{
	test_names();
	test_fold();
	test_display();
	test_password();
	test_device();
	test_json();
	test_roles();
	return done_testing();
}
