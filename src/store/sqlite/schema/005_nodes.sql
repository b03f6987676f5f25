-- The hosts that share the store: for SQLite only one ever does.

CREATE TABLE nodes (
	id BLOB NOT NULL PRIMARY KEY,
	run BLOB NOT NULL,
	name TEXT NOT NULL,
	bus TEXT NOT NULL,
	serving INTEGER NOT NULL,
	at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
