/* store/sqlite/sq_query.h - every statement that runs more than once: Q(name,
 * SQL). Prepared on first use, kept per connection. */

#define USER_COLS    "u.id,u.name,u.display,u.admin,u.created,u.last_seen,u.state"
#define INVITE_COLS  "v.id,v.creator,v.created,v.expires,v.used,v.user"
#define SESSION_COLS "s.id,s.user,s.created,s.used,s.expires,s.device"
#define ROOM_COLS                                                              \
	"r.id,r.kind,r.label,r.members,r.seq,r.no,r.at,r.cid,r.last_message,"  \
	"r.topic"
#define MEMBER_COLS                                                            \
	"m.room,m.user,m.role,m.joined,m.read_seq,m.read_no,m.muted,m."        \
	"archived"
#define EVENT_COLS                                                             \
	"e.room,e.seq,e.no,e.kind,e.sender,e.cid,e.at,e.target,e.body"

Q(BEGIN_WRITE, "BEGIN IMMEDIATE")
Q(BEGIN_READ, "BEGIN")
Q(COMMIT, "COMMIT")
Q(ROLLBACK, "ROLLBACK")
Q(PROBE_WRITE, "UPDATE probe SET at=?")
Q(PROBE_READ, "SELECT at FROM probe")

Q(USER_COUNT, "SELECT count(*) FROM (SELECT 1 FROM users LIMIT ?)")
Q(USER_ADD, "INSERT INTO users (id,name,folded,display,display_folded,passhash,"
	    "admin,created,last_seen) VALUES (?,?,?,?,fold(?),?,?,?,?)")
Q(USER_BY_NAME, "SELECT " USER_COLS ",u.passhash FROM users u WHERE u.folded=?")
Q(USER_GET, "SELECT " USER_COLS " FROM users u WHERE u.id=?")
Q(USERS_PREFIX,
    "SELECT " USER_COLS " FROM users u WHERE u.folded IN ("
    "SELECT folded FROM users WHERE folded>=?1 AND folded<?2 AND folded>?3"
    " AND state<>2 UNION SELECT folded FROM users"
    " WHERE display_folded>=?1 AND display_folded<?2 AND folded>?3"
    " AND state<>2"
    " ORDER BY folded LIMIT ?4) ORDER BY u.folded")
Q(USERS_FROM, "SELECT " USER_COLS " FROM users u WHERE u.folded>?"
	      " AND u.state<>2 ORDER BY u.folded LIMIT ?")
Q(USER_SEEN, "UPDATE users SET last_seen=?2 WHERE id=?1 AND last_seen<?2")
Q(USERS_SCAN,
    "SELECT " USER_COLS " FROM users u WHERE u.id>? ORDER BY u.id LIMIT ?")
Q(USER_PASSWORD, "UPDATE users SET passhash=?2 WHERE id=?1 AND state<>2")
Q(USER_STATE, "UPDATE users SET state=?2 WHERE id=?1 AND state<>2")
Q(USER_ADMIN, "UPDATE users SET admin=?2 WHERE id=?1 AND state<>2")
Q(USER_GONE, "UPDATE users SET state=2,admin=0,name='',folded=?2,display='',"
	     "display_folded='',passhash='',last_seen=0 WHERE id=?1")
Q(USER_GROUPS, "SELECT m.room FROM members m CROSS JOIN rooms r ON r.id=m.room"
	       " WHERE m.user=? AND r.kind IN (1,2)")

Q(USER_PASSHASH, "SELECT passhash FROM users WHERE id=? AND state<>2")
Q(USER_DISPLAY, "UPDATE users SET display=?2,display_folded="
		"fold(CASE ?2 WHEN '' THEN name ELSE ?2 END)"
		" WHERE id=?1 AND state<>2")
Q(USER_PASSWORD_WAS,
    "UPDATE users SET passhash=?2 WHERE id=?1 AND state<>2 AND passhash=?3")
Q(USER_OTHER_ADMIN,
    "SELECT 1 FROM users WHERE admin=1 AND state=0 AND id<>? LIMIT 1")

Q(INVITE_ADD, "INSERT INTO invites (hash,id,creator,created,expires,used,user)"
	      " VALUES (?,?,?,?,?,0,zeroblob(12))")
Q(INVITE_GET, "SELECT " INVITE_COLS " FROM invites v WHERE v.hash=?")
Q(INVITES, "SELECT " INVITE_COLS " FROM invites v WHERE v.id<?"
	   " ORDER BY v.id DESC LIMIT ?")
Q(INVITE_USE, "UPDATE invites SET used=?2,user=?3"
	      " WHERE hash=?1 AND used=0 AND expires>?2")
Q(INVITE_DELETE, "DELETE FROM invites WHERE id=?")

Q(NODE_PUT, "INSERT OR REPLACE INTO nodes (id,run,name,bus,serving,at)"
	    " VALUES (?,?,?,?,?,?)")
Q(NODE_DROP, "DELETE FROM nodes WHERE id=? AND run=? AND at=?")
Q(NODES, "SELECT id,run,name,bus,serving,at FROM nodes ORDER BY id LIMIT ?")

Q(SESSION_ADD, "INSERT INTO sessions (hash,id,user,created,used,expires,device)"
	       " VALUES (?,?,?,?,?,?,?)")
Q(SESSION_GET,
    "SELECT " SESSION_COLS "," USER_COLS " FROM sessions s"
    " CROSS JOIN users u ON u.id=s.user WHERE s.hash=? AND s.expires>?")
Q(SESSION_ALIVE, "SELECT 1 FROM sessions WHERE user=? AND id=?")
Q(GREET, "SELECT " USER_COLS ",r.seq FROM sessions s CROSS JOIN users u"
	 " ON u.id=s.user LEFT JOIN rooms r ON r.id=s.user"
	 " WHERE s.user=? AND s.id=?")
Q(SESSION_TOUCH, "UPDATE sessions SET used=max(used,?3),expires=max(expires,?4)"
		 " WHERE user=?1 AND id=?2")
Q(SESSION_DELETE, "DELETE FROM sessions WHERE user=? AND id=?")
Q(SESSIONS_OF, "SELECT " SESSION_COLS " FROM sessions s WHERE s.user=?"
	       " ORDER BY s.used DESC,s.id LIMIT ?")
Q(SESSION_OTHER, "SELECT id FROM sessions WHERE user=? AND id<>? LIMIT 1")
Q(SESSION_SWEEP, "DELETE FROM sessions WHERE hash IN"
		 " (SELECT hash FROM sessions WHERE expires<=? LIMIT 10)")

Q(ROOM_ADD, "INSERT INTO rooms (id,kind,label,folded,members,seq,no,at,cid,"
	    "last_message) VALUES (?1,?2,?3,fold(?3),?4,0,0,?5,zeroblob(16),0)")
Q(ROOM_GET, "SELECT " ROOM_COLS " FROM rooms r WHERE r.id=?")
Q(ROOMS_SCAN, "SELECT " ROOM_COLS " FROM rooms r WHERE r.id>? AND r.kind<=?"
	      " ORDER BY r.id LIMIT ?")
Q(ROOM_FOLD,
    "UPDATE rooms SET members=?2,seq=?3,no=?4,at=?5,cid=?6,last_message=?7"
    " WHERE id=?1")
Q(ROOM_DESCRIBE,
    "UPDATE rooms SET kind=?2,label=?3,folded=fold(?3),topic=?4 WHERE id=?1")
Q(ROOM_WORDS_DELETE, "DELETE FROM room_words WHERE room=?")
Q(ROOM_WORDS_ADD, "INSERT OR IGNORE INTO room_words (word,room)"
		  " SELECT value,?1 FROM json_each(words(?2))")
Q(ROOM_HAS_WORD, "SELECT 1 FROM room_words"
		 " WHERE room=? AND word>=? AND word<? LIMIT 1")
Q(ROOMS_OF, "SELECT " ROOM_COLS "," MEMBER_COLS " FROM members m"
	    " CROSS JOIN rooms r ON r.id=m.room WHERE m.user=?1"
	    " AND (r.at<?2 OR (r.at=?2 AND r.id<?3))")
Q(GROUPS_PREFIX,
    "SELECT " ROOM_COLS " FROM rooms r WHERE r.kind=1"
    " AND r.folded>=?1 AND r.folded<?2 AND (r.folded,r.id)>(fold(?3),?4)"
    " ORDER BY r.folded,r.id LIMIT ?5")
Q(GROUPS_WORD,
    "SELECT " ROOM_COLS ",w.word FROM room_words w"
    " CROSS JOIN rooms r ON r.id=w.room WHERE w.word>=?1 AND w.word<?2"
    " AND (w.word,w.room)>(?3,?4) ORDER BY w.word,w.room")
Q(HEAD, "SELECT seq,members,cid FROM rooms WHERE id=?")
Q(HEADS_OF, "SELECT r.id,r.seq,r.members,r.cid,m.joined FROM members m"
	    " CROSS JOIN rooms r ON r.id=m.room WHERE m.user=?")
Q(DIRECT_ADD, "INSERT INTO directs (low,high,room) VALUES (?,?,?)")
Q(DIRECT_GET, "SELECT room FROM directs WHERE low=? AND high=?")
Q(PEER, "SELECT " USER_COLS " FROM members m CROSS JOIN users u ON u.id=m.user"
	" WHERE m.room=? AND m.user<>? LIMIT 1")

Q(OWNED, "SELECT count(*) FROM members WHERE user=? AND role=?")
Q(MEMBER_ADD, "INSERT INTO members (room,user,role,joined,read_seq,read_no)"
	      " VALUES (?,?,?,?,?,?)")
Q(MEMBER_GET,
    "SELECT " MEMBER_COLS " FROM members m WHERE m.room=? AND m.user=?")
Q(MEMBER_ROLE, "UPDATE members SET role=?3 WHERE room=?1 AND user=?2")
Q(MEMBER_READ,
    "UPDATE members SET read_seq=?3,read_no=?4 WHERE room=?1 AND user=?2")
Q(MEMBER_WISH,
    "UPDATE members SET muted=?3,archived=?4 WHERE room=?1 AND user=?2")
Q(MEMBER_DELETE, "DELETE FROM members WHERE room=? AND user=?")
Q(MEMBERS, "SELECT " MEMBER_COLS "," USER_COLS " FROM members m"
	   " CROSS JOIN users u ON u.id=m.user WHERE m.room=? AND m.joined>?"
	   " ORDER BY m.joined LIMIT ?")
Q(HEIR, "SELECT user FROM members WHERE room=? AND user<>?"
	" ORDER BY role DESC,joined LIMIT 1")

Q(EVENT_ADD, "INSERT INTO events (room,seq,no,kind,sender,cid,at,target,body)"
	     " VALUES (?,?,?,?,?,?,?,?,?)")
Q(EVENT_TRY, "INSERT INTO events (room,seq,no,kind,sender,cid,at,target,body)"
	     " VALUES (?,?,?,?,?,?,?,?,?)"
	     " ON CONFLICT (room,sender,cid) DO NOTHING")
Q(EVENTS_BACK, "DELETE FROM events WHERE room=? AND seq>?")
Q(EVENT_GET, "SELECT " EVENT_COLS " FROM events e WHERE e.room=? AND e.seq=?")
Q(EVENT_CID, "SELECT cid FROM events WHERE room=? AND seq=?")
Q(EVENT_BY_CID, "SELECT " EVENT_COLS " FROM events e"
		" WHERE e.room=? AND e.sender=? AND e.cid=?")
Q(EVENTS_SINCE, "SELECT " EVENT_COLS " FROM events e"
		" WHERE e.room=? AND e.seq>? AND e.kind<>5 ORDER BY e.seq")
Q(EVENTS, "SELECT " EVENT_COLS " FROM events e"
	  " WHERE e.room=? AND e.seq>=? AND e.seq<=? ORDER BY e.seq LIMIT ?")

Q(COPY_USERS, "SELECT " USER_COLS ",u.passhash FROM users u WHERE u.id>?"
	      " ORDER BY u.id LIMIT ?")
Q(COPY_SESSIONS, "SELECT " SESSION_COLS ",s.hash FROM sessions s"
		 " WHERE s.hash>? ORDER BY s.hash LIMIT ?")
Q(COPY_INVITES, "SELECT " INVITE_COLS ",v.hash FROM invites v"
		" WHERE v.hash>? ORDER BY v.hash LIMIT ?")
Q(COPY_DIRECTS, "SELECT low,high,room FROM directs WHERE (low,high)>(?,?)"
		" ORDER BY low,high LIMIT ?")
Q(COPY_USER,
    "INSERT OR REPLACE INTO users (id,name,folded,display,display_folded,"
    "passhash,admin,created,last_seen,state) VALUES (?1,?2,?3,?4,"
    "fold(CASE ?4 WHEN '' THEN ?2 ELSE ?4 END),?5,?6,?7,?8,?9)")
Q(COPY_SESSION, "INSERT OR REPLACE INTO sessions (hash,id,user,created,used,"
		"expires,device) VALUES (?,?,?,?,?,?,?)")
Q(COPY_SESSIONS_CLEAR, "DELETE FROM sessions")
Q(COPY_INVITE, "INSERT OR REPLACE INTO invites (hash,id,creator,created,"
	       "expires,used,user) VALUES (?,?,?,?,?,?,?)")
Q(COPY_INVITES_CLEAR, "DELETE FROM invites")
Q(COPY_DIRECT, "INSERT OR REPLACE INTO directs (low,high,room) VALUES (?,?,?)")
Q(COPY_EVENT,
    "INSERT OR IGNORE INTO events (room,seq,no,kind,sender,cid,at,target,body)"
    " VALUES (?,?,?,?,?,?,?,?,?)")
Q(COPY_MEMBERS_CLEAR, "DELETE FROM members WHERE room=?")
Q(COPY_MEMBER, "INSERT INTO members (room,user,role,joined,read_seq,read_no,"
	       "muted,archived) VALUES (?,?,?,?,?,?,?,?)")
Q(COPY_ROOM,
    "INSERT OR REPLACE INTO rooms (id,kind,label,folded,members,seq,no,at,cid,"
    "last_message,topic) VALUES (?1,?2,?3,fold(?3),?4,?5,?6,?7,?8,?9,?10)")
