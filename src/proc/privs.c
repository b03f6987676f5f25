/* proc/privs.c - as little power as can be. */
#include "proc/privs.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "base/log.h"

int
privs_lookup(const char *user, struct identity *id_r, struct err *err)
{
	struct passwd *pw;

	*id_r = (struct identity){ .uid = geteuid(), .gid = getegid() };
	if (user == NULL)
		return 0;
	pw = getpwnam(user);
	if (pw == NULL)
		return err_set(err, ERR_CONF,
		    "user: there is no account ‘%s’ on this system", user);
	if (geteuid() != 0 && pw->pw_uid != geteuid())
		return err_set(err, ERR_CONF,
		    "user: only root can become ‘%s’; start as root or as ‘%s’,"
		    " or remove the key",
		    user, user);
	id_r->uid = pw->pw_uid;
	id_r->gid = pw->pw_gid;
	id_r->user = user;
	return 0;
}

/* After a change of user the kernel makes the process undumpable, so that no
 * core file of it can be made; that is wanted: its memory has passwords. */
int
privs_drop(const struct identity *id, struct err *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return err_sys(err, "no_new_privs");
	if (geteuid() != 0 || id->uid == 0)
		return 0;
	if (initgroups(id->user, id->gid) == -1 ||
	    setresgid(id->gid, id->gid, id->gid) == -1 ||
	    setresuid(id->uid, id->uid, id->uid) == -1)
		return err_sys(err, "becoming user %s", id->user);
	if (setuid(0) != -1)
		return err_set(err, ERR_SYS, "root could be taken back");
	return 0;
}

void
privs_raise_nofile(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1 || r.rlim_cur == r.rlim_max)
		return;
	r.rlim_cur = r.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &r) == -1)
		log_warn("descriptor limit stays", "errno=%d", errno);
}
