-- journal.db as version 3 of its schema left it; made once and never edited.

CREATE TABLE schema (version INTEGER NOT NULL);
INSERT INTO schema VALUES (0);
CREATE TABLE boot (
    id INTEGER PRIMARY KEY,
    boot TEXT NOT NULL UNIQUE,
    started_ms INTEGER NOT NULL,
    wall_trusted INTEGER NOT NULL,
    version TEXT NOT NULL
);

CREATE TABLE entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    boot INTEGER NOT NULL,
    mono_ms INTEGER NOT NULL,
    wall_ms INTEGER NOT NULL,
    wall_trusted INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    what TEXT NOT NULL,
    rule TEXT,
    reason TEXT NOT NULL,
    used TEXT NOT NULL,
    intent INTEGER
);
CREATE TABLE state (key TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
CREATE VIEW journal AS
    SELECT entry.id,
           strftime('%Y-%m-%dT%H:%M:%fZ', wall_ms / 1000.0, 'unixepoch') AS time,
           CASE entry.wall_trusted WHEN 0 THEN 'not set' ELSE 'set' END AS clock,
           kind, subject, what, rule, reason, used, intent, boot.boot
    FROM entry JOIN boot ON boot.id = entry.boot;
ALTER TABLE entry ADD COLUMN conditions TEXT;
DROP VIEW journal;
CREATE VIEW journal AS
    SELECT entry.id,
           strftime('%Y-%m-%dT%H:%M:%fZ', wall_ms / 1000.0, 'unixepoch') AS time,
           CASE entry.wall_trusted WHEN 0 THEN 'not set' ELSE 'set' END AS clock,
           kind, subject, what, rule, reason, used, conditions, intent, boot.boot
    FROM entry JOIN boot ON boot.id = entry.boot;
CREATE VIEW conditions AS
    SELECT entry.id,
           strftime('%Y-%m-%dT%H:%M:%fZ', entry.wall_ms / 1000.0, 'unixepoch') AS time,
           entry.kind, entry.subject, entry.what, entry.rule,
           json_extract(root.value, '$.role') AS part,
           json_extract(leaf.value, '$.text') AS text,
           json_extract(leaf.value, '$.answer') AS answer,
           json_extract(leaf.value, '$.value') AS value,
           json_extract(leaf.value, '$.age_s') AS age_s
    FROM entry, json_each(entry.conditions) AS root, json_tree(root.value) AS leaf
    WHERE leaf.type = 'object' AND json_extract(leaf.value, '$.parts') IS NULL;

INSERT INTO boot VALUES (1, 'old-run', 1796083200000, 1, '0.1.0');
INSERT INTO state VALUES ('armed', 'true'), ('rules', '{"heater":"set"}');
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
INSERT INTO entry (boot, mono_ms, wall_ms, wall_trusted, kind, subject, what, rule, reason, used, intent)
SELECT 1, i * 1000, 1796083200000 + i * 1000, 1, 'would', 'heater', 'act ' || i, 'enclosure heater',
       'cell_temperature below 2', '[]', NULL FROM n;
UPDATE schema SET version = 3;
PRAGMA user_version = 3;
