-- Invitations to make an account. hash: SHA-256 of the token in the link; used:
-- 0 until an account was made with it, whose id is user.

CREATE TABLE invites (
	hash BLOB NOT NULL PRIMARY KEY,
	id BLOB NOT NULL UNIQUE,
	creator BLOB NOT NULL,
	created INTEGER NOT NULL,
	expires INTEGER NOT NULL,
	used INTEGER NOT NULL,
	user BLOB NOT NULL
) STRICT, WITHOUT ROWID;
