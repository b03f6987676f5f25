-- Accounts that are disabled or deleted: state as enum user_state in
-- src/model/user.h.

ALTER TABLE users ADD COLUMN state INTEGER NOT NULL DEFAULT 0;
