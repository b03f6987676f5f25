-- Accounts, sessions, rooms, members and the logs. Ids are 12 bytes, cids 16,
-- times milliseconds since 1970 (UTC); kinds and roles as in src/model.

CREATE TABLE users (
	id BLOB NOT NULL PRIMARY KEY,
	name TEXT NOT NULL,
	folded TEXT NOT NULL UNIQUE,
	display TEXT NOT NULL,
	display_folded TEXT NOT NULL,
	passhash TEXT NOT NULL,
	admin INTEGER NOT NULL,
	created INTEGER NOT NULL,
	last_seen INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX users_by_display ON users (display_folded);

CREATE TABLE sessions (
	hash BLOB NOT NULL PRIMARY KEY,
	id BLOB NOT NULL,
	user BLOB NOT NULL,
	created INTEGER NOT NULL,
	used INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	device TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX sessions_by_user ON sessions (user, id);
CREATE INDEX sessions_by_expiry ON sessions (expires);

-- seq, no, at, cid: of the last event. last_message: its seq, 0 if none.
CREATE TABLE rooms (
	id BLOB NOT NULL PRIMARY KEY,
	kind INTEGER NOT NULL,
	label TEXT NOT NULL,
	folded TEXT NOT NULL,
	members INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	no INTEGER NOT NULL,
	at INTEGER NOT NULL,
	cid BLOB NOT NULL,
	last_message INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX rooms_public ON rooms (folded, id) WHERE kind = 1;

CREATE TABLE directs (
	low BLOB NOT NULL,
	high BLOB NOT NULL,
	room BLOB NOT NULL,
	PRIMARY KEY (low, high)
) STRICT, WITHOUT ROWID;

-- joined: seq of the join.
CREATE TABLE members (
	room BLOB NOT NULL,
	user BLOB NOT NULL,
	role INTEGER NOT NULL,
	joined INTEGER NOT NULL,
	read_seq INTEGER NOT NULL,
	read_no INTEGER NOT NULL,
	PRIMARY KEY (room, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_user ON members (user, room);
CREATE UNIQUE INDEX members_by_joined ON members (room, joined);

CREATE TABLE events (
	room BLOB NOT NULL,
	seq INTEGER NOT NULL,
	no INTEGER NOT NULL,
	kind INTEGER NOT NULL,
	sender BLOB NOT NULL,
	cid BLOB NOT NULL,
	at INTEGER NOT NULL,
	target INTEGER NOT NULL,
	body TEXT NOT NULL,
	PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX events_by_cid ON events (room, sender, cid);
CREATE INDEX events_by_target ON events (room, target) WHERE target > 0;

-- The one row is written to find out whether the disk takes writes again.
CREATE TABLE probe (
	id INTEGER NOT NULL PRIMARY KEY,
	at INTEGER NOT NULL
) STRICT;
INSERT INTO probe VALUES (1, 0);
