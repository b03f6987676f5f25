-- What groups are about, what members want told, and the words of public groups'
-- labels. muted: until then; archived: 1 + the room's no at that time; 0: not.

ALTER TABLE rooms ADD COLUMN topic TEXT NOT NULL DEFAULT '';
ALTER TABLE members ADD COLUMN muted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN archived INTEGER NOT NULL DEFAULT 0;

CREATE TABLE room_words (
	word TEXT NOT NULL,
	room BLOB NOT NULL,
	PRIMARY KEY (word, room)
) STRICT, WITHOUT ROWID;
CREATE INDEX room_words_by_room ON room_words (room, word);

UPDATE rooms SET folded=fold(label);
UPDATE users SET display_folded=fold(display);
INSERT OR IGNORE INTO room_words (word, room)
	SELECT w.value, r.id FROM rooms r, json_each(words(r.label)) w
	WHERE r.kind=1;
