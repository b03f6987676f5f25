/* t/unit/base_json.c - JSON that came from outside, and JSON written. */
#include "../lib/tap.h"
#include "base/json.h"

#define MAX 65536

static struct json *
parse(const char *text, struct err *err)
{
	err_clear(err);
	return json_parse(text, strlen(text), MAX, err);
}

/* Wants text refused with why in the message. */
static void
refused_n(const char *text, size_t len, const char *why, const char *name)
{
	struct err err = { 0 };
	struct json *doc = json_parse(text, len, MAX, &err);

	ok(doc == NULL && err.code == ERR_BAD_REQUEST &&
		strstr(err.text, why) != NULL,
	    "refuses %s", name);
	if (doc != NULL || strstr(err.text, why) == NULL)
		diag("said: %s", err.text);
	json_free(&doc);
}

static const struct {
	const char *text, *why, *name;
} hostile[] = {
	{ "", "not a JSON object", "nothing" },
	{ "   ", "not a JSON object", "blanks" },
	{ "[]", "not a JSON object", "an array at the top" },
	{ "1", "not a JSON object", "a number at the top" },
	{ "\"a\"", "not a JSON object", "a string at the top" },
	{ "null", "not a JSON object", "null at the top" },
	{ "\xef\xbb\xbf{}", "not a JSON object", "a byte order mark" },
	{ "{", "missing", "an object that does not end" },
	{ "{\"a\"}", "':'", "a key without a value" },
	{ "{\"a\":}", "missing", "a colon without a value" },
	{ "{\"a\":1,}", "missing", "a comma at the end of an object" },
	{ "{\"a\":[1,]}", "missing", "a comma at the end of an array" },
	{ "{,}", "missing", "a lone comma" },
	{ "{\"a\":1 \"b\":2}", "missing", "members without a comma" },
	{ "{\"a\":[1 2]}", "missing", "elements without a comma" },
	{ "{\"a\":1]", "missing", "the wrong bracket" },
	{ "{a:1}", "missing", "a key without quotes" },
	{ "{'a':1}", "missing", "single quotes" },
	{ "{1:1}", "missing", "a number as key" },
	{ "{}{}", "follows", "two objects" },
	{ "{} x", "follows", "garbage behind" },
	{ "{}//c", "follows", "a comment behind" },
	{ "{/*c*/}", "missing", "a comment inside" },
	{ "{\"a\":1,\"a\":2}", "twice", "a doubled key" },
	{ "{\"a\":1,\"\\u0061\":2}", "twice", "a key doubled by an escape" },
	{ "{\"x\":[{\"b\":1,\"b\":1}]}", "twice", "a doubled key deep inside" },
	{ "{\"a\":{\"b\":1,\"c\":2},\"a\":3}", "twice",
	    "a doubled key that hides others" },
	{ "{\"a\":NaN}", "missing", "NaN" },
	{ "{\"a\":-NaN}", "missing", "-NaN" },
	{ "{\"a\":Infinity}", "missing", "Infinity" },
	{ "{\"a\":-Infinity}", "missing", "-Infinity" },
	{ "{\"a\":nan}", "missing", "nan" },
	{ "{\"a\":1e999}", "too large", "a number that is infinite" },
	{ "{\"a\":9007199254740992}", "2^53", "2^53" },
	{ "{\"a\":-9007199254740992}", "2^53", "-2^53" },
	{ "{\"a\":18446744073709551617}", "2^53", "2^64 + 1" },
	{ "{\"a\":99999999999999999999999999999999999}", "2^53",
	    "an integer of 35 digits" },
	{ "{\"a\":01}", "missing", "a leading zero" },
	{ "{\"a\":+1}", "missing", "a leading plus" },
	{ "{\"a\":.5}", "missing", "a leading point" },
	{ "{\"a\":1.}", "missing", "a point at the end" },
	{ "{\"a\":1e}", "missing", "an exponent without digits" },
	{ "{\"a\":-}", "missing", "a lone minus" },
	{ "{\"a\":0x10}", "missing", "a hexadecimal number" },
	{ "{\"a\":True}", "missing", "True" },
	{ "{\"a\":tru}", "missing", "half a word" },
	{ "{\"a\":nulll}", "missing", "a word too long" },
	{ "{\"a\":\"x}", "does not end", "a string that does not end" },
	{ "{\"a\":\"\t\"}", "control", "a raw tab in a string" },
	{ "{\"a\":\"\n\"}", "control", "a raw newline in a string" },
	{ "{\"a\":\"\\x\"}", "escape", "an unknown escape" },
	{ "{\"a\":\"\\", "escape", "a backslash at the end" },
	{ "{\"a\":\"\\u12", "hex", "half an escape at the end" },
	{ "{\"a\":\"\\u12g4\"}", "hex", "a wrong digit in an escape" },
	{ "{\"a\":\"\\u0000\"}", "U+0000", "an escaped NUL" },
	{ "{\"\\u0000\":1}", "U+0000", "an escaped NUL in a key" },
	{ "{\"a\":\"\\ud800\"}", "surrogate", "a lone high surrogate" },
	{ "{\"a\":\"\\udc00\"}", "surrogate", "a lone low surrogate" },
	{ "{\"a\":\"\\ud800\\ud800\"}", "surrogate", "two high surrogates" },
	{ "{\"a\":\"\\ud800\\u0041\"}", "surrogate",
	    "a high surrogate before a letter" },
	{ "{\"a\":\"\\ud800x\"}", "surrogate", "a high surrogate, then x" },
	{ "{\"a\":\"\xff\"}", "UTF-8", "a byte that is not UTF-8" },
	{ "{\"a\":\"\xed\xa0\x80\"}", "UTF-8", "an encoded surrogate" },
	{ "{\"a\":\"\xc0\x80\"}", "UTF-8", "an overlong NUL" },
	{ "{\"a\":\"\xf4\x90\x80\x80\"}", "UTF-8", "U+110000" },
	{ "{\"a\":\"\xe2\x82\"}", "UTF-8", "half a character" },
};

static void
test_hostile(void)
{
	static const char nul[] = "{\"a\":\"\0\"}";
	static const char behind[] = "{}\0";

	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++)
		refused_n(hostile[i].text, strlen(hostile[i].text),
		    hostile[i].why, hostile[i].name);
	refused_n(nul, sizeof(nul) - 1, "control", "a raw NUL in a string");
	refused_n(behind, sizeof(behind) - 1, "follows", "a NUL behind");
}

/* {"a":[[…1…]]} with depth brackets in all. */
static void
nest(struct buf *b, int depth)
{
	buf_clear(b);
	buf_adds(b, "{\"a\":");
	for (int i = 1; i < depth; i++)
		buf_addc(b, '[');
	buf_addc(b, '1');
	for (int i = 1; i < depth; i++)
		buf_addc(b, ']');
	buf_addc(b, '}');
}

static void
test_depth_and_size(void)
{
	struct err err = { 0 };
	struct buf b = { 0 };
	struct json *doc;

	nest(&b, 16);
	doc = json_parse(b.data, b.len, MAX, &err);
	ok(doc != NULL, "16 levels are read");
	json_free(&doc);
	nest(&b, 17);
	refused_n((char *)b.data, b.len, "deeply", "17 levels");
	buf_clear(&b);
	for (int i = 0; i < MAX; i++)
		buf_addc(&b, '[');
	memcpy(b.data, "{\"a\":", 5);
	refused_n((char *)b.data, b.len, "deeply", "64 KiB of brackets");
	ok(json_parse("{\"a\":1}", 7, 6, &err) == NULL &&
		err.code == ERR_TOO_LARGE,
	    "a text over the limit is too large");
	doc = json_parse("{\"a\":1}", 7, 7, &err);
	ok(doc != NULL, "a text of just the limit is read");
	json_free(&doc);
	buf_free(&b);
}

static void
test_read_values(void)
{
	struct err err;
	struct json *doc = parse("{\"s\":\"h\\u00e9\\ud83d\\ude00\\/\",\"n\":"
				 "9007199254740991,\"m\":-1,\"f\":1.5,"
				 "\"t\":true,\"z\":null,\"e\":1e3}",
	    &err);
	const char *s;
	size_t len;
	uint64_t v;
	bool t = false;

	is_int(json_get_str(doc, "s", &s, &len, &err), 1, "a string is found");
	is_str(s, "hé😀/", "its escapes are resolved");
	is_int(len, strlen("hé😀/"), "its length counts bytes");
	is_int(json_get_u64(doc, "n", &v, &err), 1, "2^53 - 1 is found");
	is_int(v, 9007199254740991, "and exact");
	is_int(json_get_u64(doc, "m", &v, &err), -1, "-1 is no u64");
	is_str(err.text, "m: must be an integer from 0 to 2^53 - 1",
	    "the message names key and kind");
	is_int(err.code, ERR_BAD_REQUEST, "with code bad_request");
	is_int(json_get_u64(doc, "f", &v, &err), -1, "1.5 is no u64");
	is_int(json_get_u64(doc, "e", &v, &err), -1, "1e3 is no u64");
	is_int(json_get_bool(doc, "t", &t, &err), 1, "true is found");
	ok(t, "and true");
	is_int(json_get_bool(doc, "n", &t, &err), -1, "a number is no bool");
	is_int(json_get_str(doc, "z", &s, &len, &err), 0, "null is absent");
	is_int(json_get_str(doc, "q", &s, &len, &err), 0, "absent is absent");
	is_int(json_need_str(doc, "q", &s, &len, &err), -1, "needed: an error");
	is_str(err.text, "q is missing: a string", "which names the key");
	is_int(json_need_u64(doc, "z", &v, &err), -1, "null where needed too");
	is_int(json_need_str(doc, "n", &s, &len, &err), -1, "a wrong kind too");
	json_free(&doc);
	ok(doc == NULL, "json_free clears the pointer");
	json_free(&doc);
}

static void
test_ids(void)
{
	struct err err;
	struct json *doc =
	    parse("{\"i\":\"0123456789abcdefABCDEF00\",\"j\":\"0123\","
		  "\"c\":\"000102030405060708090a0b0c0d0e0f\",\"g\":"
		  "\"g123456789abcdefABCDEF00\",\"n\":1}",
		&err);
	struct cid cid;
	struct id id;
	char hex[CID_HEX];

	is_int(json_need_id(doc, "i", &id, &err), 1, "an id of either case");
	is_str(id_hex(&id, hex), "0123456789abcdefabcdef00", "is that id");
	is_int(json_need_id(doc, "j", &id, &err), -1, "too short: no id");
	is_int(json_need_id(doc, "g", &id, &err), -1, "not hex: no id");
	is_int(json_need_id(doc, "n", &id, &err), -1, "a number: no id");
	is_int(json_need_id(doc, "c", &id, &err), -1, "a cid: no id");
	is_int(json_need_cid(doc, "c", &cid, &err), 1, "a cid");
	is_str(cid_hex(&cid, hex), "000102030405060708090a0b0c0d0e0f",
	    "is that cid");
	is_int(json_get_cid(doc, "i", &cid, &err), -1, "an id: no cid");
	json_free(&doc);
}

static int
count_keys(const char *key, const struct json *v, void *arg)
{
	char *seen = arg;

	strcat(seen, key);
	return strcmp(key, "c") == 0 ? 7 : 0;
}

static void
test_arrays_and_objects(void)
{
	struct err err;
	struct json *doc = parse("{\"a\":[1,\"x\",null,{\"k\":2}],\"b\":{},"
				 "\"c\":0,\"d\":0}",
	    &err);
	const struct json *a, *o;
	char seen[16] = "";
	const char *s;
	size_t len;
	uint64_t v;

	is_int(json_get_array(doc, "a", &a, &err), 1, "an array is found");
	is_int(json_len(a), 4, "with all its elements");
	is_int(json_as_u64(json_at(a, 0), &v), 0, "an integer in it");
	is_int(json_as_u64(json_at(a, 1), &v), -1, "a string is no integer");
	is_int(json_as_str(json_at(a, 1), &s, &len), 0, "a string in it");
	is_int(json_as_str(json_at(a, 2), &s, &len), -1, "null is no string");
	ok(json_is_object(json_at(a, 3)), "an object in it");
	ok(!json_is_array(json_at(a, 3)), "which is no array");
	ok(json_at(a, 4) == NULL, "nothing past the end");
	is_int(json_get_object(doc, "a", &o, &err), -1, "an array, no object");
	is_int(json_get_array(doc, "b", &a, &err), -1, "an object, no array");
	is_int(json_get_object(doc, "b", &o, &err), 1, "an object is found");
	is_int(json_len(o), 0, "an object has no length");
	is_int(json_each(doc, count_keys, seen), 7, "each returns what stops");
	is_str(seen, "abc", "after the keys in order");
	json_free(&doc);
}

static void
test_write(void)
{
	struct buf b = { 0 };
	struct id id = { { 1, 2, 3 } };
	struct cid cid = { { 0xff } };

	json_open(&b, '{');
	json_kstr(&b, "s", "a\"\\\b\f\n\r\t\x01\x1f é");
	json_ku64(&b, "n", UINT64_MAX);
	json_kbool(&b, "t", true);
	json_kid(&b, "i", &id);
	json_kcid(&b, "c", &cid);
	json_kraw(&b, "r", "[1]", 3);
	json_key(&b, "l");
	json_open(&b, '[');
	json_open(&b, '{');
	json_close(&b, '}');
	json_str(&b, "{[:", 3);
	json_str(&b, "", 0);
	json_raw(&b, "null", 4);
	json_close(&b, ']');
	json_close(&b, '}');
	is_str(buf_cstr(&b),
	    "{\"s\":\"a\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f é\","
	    "\"n\":18446744073709551615,\"t\":true,"
	    "\"i\":\"010203000000000000000000\","
	    "\"c\":\"ff000000000000000000000000000000\",\"r\":[1],"
	    "\"l\":[{},\"{[:\",\"\",null]}",
	    "commas, escapes and values come out right");
	buf_free(&b);
}

/* Every character below U+0100 and some above survive being written and read.
 */
static void
test_round_trip(void)
{
	struct buf text = { 0 }, b = { 0 };
	struct err err = { 0 };
	struct json *doc;
	const char *s;
	size_t len;

	for (int c = 1; c < 0x80; c++)
		buf_addc(&text, (char)c);
	buf_adds(&text, "\xc2\x80\xc3\xbf\xe2\x80\xa8\xef\xbf\xbf\xf4\x8f\xbf"
			"\xbf");
	json_open(&b, '{');
	json_kstrn(&b, "s", text.data, text.len);
	json_close(&b, '}');
	doc = json_parse(b.data, b.len, MAX, &err);
	ok(doc != NULL, "what is written can be read");
	is_int(json_need_str(doc, "s", &s, &len, &err), 1, "the string too");
	is_int(len, text.len, "with its length");
	is_mem(s, text.data, text.len, "and every byte");
	json_free(&doc);
	buf_free(&text);
	buf_free(&b);
}

/* Any cut and any changed byte of a good text is read or refused, no more. */
static void
test_mutations(void)
{
	static const char good[] = "{\"op\":\"send\",\"n\":[1,2.5e3,-0,{\"k\":"
				   "null}],\"s\":\"\\ud83d\\ude00é\"}";
	char text[sizeof(good)];
	struct err err;
	struct json *doc;
	int wrong = 0;

	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		err_clear(&err);
		doc = json_parse(good, i, MAX, &err);
		wrong += doc != NULL || err.code != ERR_BAD_REQUEST;
		json_free(&doc);
	}
	is_int(wrong, 0, "every cut of a text is refused");
	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		for (int c = 0; c < 256; c++) {
			memcpy(text, good, sizeof(good));
			text[i] = (char)c;
			err_clear(&err);
			doc = json_parse(text, sizeof(good) - 1, MAX, &err);
			wrong += doc == NULL && err.code != ERR_BAD_REQUEST;
			wrong += doc == NULL &&
				 strstr(err.text, "not valid JSON: ") != NULL;
			json_free(&doc);
		}
	}
	is_int(
	    wrong, 0, "changed bytes: what json-c refuses, the scan did too");
}

/* What is read and written again is the same, in the shortest escapes. */
static void
test_there_and_back(void)
{
	static const char text[] =
	    " { \"\" : \"\" , \"\\u006bey\" : [ -0 , -1.50e+3 , 1E2, {} , [ ] "
	    "],"
	    "\"all\":\"\\\"\\\\\\/"
	    "\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac\\uD83D\\uDE00"
	    "\",\"w\":[true,false,null]}";
	static const char want[] = "{\"\":\"\",\"key\":[0,-1.50e+3,1E2,{},[]],"
				   "\"all\":\"\\\"\\\\/\\b\\f\\n\\r\\tAé€😀\","
				   "\"w\":[true,false,null]}";
	struct err err = { 0 };
	struct json *doc = parse(text, &err);
	struct buf b = { 0 };

	ok(doc != NULL, "every kind of value is read");
	json_value(&b, doc);
	is_str(buf_cstr(&b), want, "and none is changed");
	buf_free(&b);
	json_free(&doc);
}

/* Every byte at every place of a text that is longer than what is looked at in
 * one step. */
static void
test_every_byte(void)
{
	enum { LONG = 19 };
	struct buf got = { 0 }, want = { 0 };
	char text[LONG];
	const char *escaped = "\b\t\n\f\r\"\\";
	size_t wrong = 0;

	for (unsigned c = 0; c < 256; c++)
		for (size_t at = 0; at < LONG; at++) {
			const char *e = c == 0 ? NULL : strchr(escaped, (int)c);

			memset(text, at % 2 ? 'x' : 0xc3, LONG);
			text[at] = (char)c;
			buf_clear(&got);
			json_str(&got, text, LONG);
			buf_clear(&want);
			buf_addf(&want, "\"%.*s", (int)at, text);
			if (e != NULL && *e != '\0')
				buf_addf(
				    &want, "\\%c", "btnfr\"\\"[e - escaped]);
			else if (c < 0x20)
				buf_addf(&want, "\\u%04x", c);
			else
				buf_addc(&want, (char)c);
			buf_add(&want, text + at + 1, LONG - 1 - at);
			buf_addc(&want, '"');
			wrong += got.len != want.len ||
				 memcmp(got.data, want.data, got.len) != 0;
		}
	is_int(wrong, 0, "each byte is written as it must be, anywhere");
	buf_free(&got);
	buf_free(&want);
}

int
main(void)
{
	test_hostile();
	test_there_and_back();
	test_depth_and_size();
	test_read_values();
	test_ids();
	test_arrays_and_objects();
	test_write();
	test_round_trip();
	test_mutations();
	test_every_byte();
	return done_testing();
}
