-- Accounts, devices, friends, profiles and settings.
--
-- AUTOINCREMENT never gives an id twice, not even that of a row which is gone: a device that was
-- logged out must not be mistaken for a later one. Names compare byte by byte.

CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE CHECK (octet_length(name) <= 64),
    password_hash TEXT NOT NULL
) STRICT;

-- The devices that are logged in. The token is kept as its hash.
CREATE TABLE devices (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user INTEGER NOT NULL REFERENCES users (id),
    token BLOB NOT NULL UNIQUE CHECK (length(token) = 32)
) STRICT;

CREATE INDEX devices_of_user ON devices (user);

-- What one user is to another. There is always a row for each of the two: friend and friend, or
-- asked and asked_by.
CREATE TABLE ties (
    user INTEGER NOT NULL REFERENCES users (id),
    other INTEGER NOT NULL REFERENCES users (id),
    tie TEXT NOT NULL CHECK (tie IN ('friend', 'asked', 'asked_by')),
    PRIMARY KEY (user, other),
    CHECK (user <> other)
) STRICT, WITHOUT ROWID;

CREATE TABLE profiles (
    user INTEGER PRIMARY KEY REFERENCES users (id),
    display_name TEXT NOT NULL CHECK (octet_length(display_name) <= 128),
    about TEXT NOT NULL CHECK (octet_length(about) <= 1024)
) STRICT;

-- A JSON object as text.
CREATE TABLE settings (
    user INTEGER PRIMARY KEY REFERENCES users (id),
    settings TEXT NOT NULL CHECK (octet_length(settings) <= 8192)
) STRICT;
