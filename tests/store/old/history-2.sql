-- history.db as version 2 of its schema left it; made once and never edited.

CREATE TABLE schema (version INTEGER NOT NULL);
INSERT INTO schema VALUES (0);
CREATE TABLE boot (
    id INTEGER PRIMARY KEY,
    boot TEXT NOT NULL UNIQUE,
    started_ms INTEGER NOT NULL,
    wall_trusted INTEGER NOT NULL,
    version TEXT NOT NULL
);

CREATE TABLE point (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, unit TEXT NOT NULL,
    first_ms INTEGER, last_ms INTEGER, UNIQUE (name, unit)
);
CREATE TABLE segment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    boot INTEGER NOT NULL,
    mono_ms INTEGER NOT NULL,
    wall_ms INTEGER NOT NULL,
    span_ms INTEGER NOT NULL,
    clock INTEGER NOT NULL,
    readings INTEGER NOT NULL,
    bytes INTEGER NOT NULL
);
CREATE TABLE frames (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE chunk (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE tail (
    slot INTEGER PRIMARY KEY,
    batch INTEGER NOT NULL,
    boot INTEGER NOT NULL,
    mono_ms INTEGER NOT NULL,
    wall_ms INTEGER NOT NULL,
    clock INTEGER NOT NULL,
    data BLOB NOT NULL
);
CREATE TABLE sealed (batch INTEGER NOT NULL);
INSERT INTO sealed VALUES (0);
CREATE TABLE minute (
    t INTEGER NOT NULL, point INTEGER NOT NULL,
    min REAL NOT NULL, mean REAL NOT NULL, max REAL NOT NULL, last REAL NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (t, point)
) WITHOUT ROWID;
CREATE TABLE quarter (
    point INTEGER NOT NULL, t INTEGER NOT NULL,
    min REAL NOT NULL, mean REAL NOT NULL, max REAL NOT NULL, last REAL NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (point, t)
) WITHOUT ROWID;
CREATE TABLE day (
    t INTEGER NOT NULL, point INTEGER NOT NULL,
    min REAL NOT NULL, mean REAL NOT NULL, max REAL NOT NULL, last REAL NOT NULL,
    count INTEGER NOT NULL,
    date TEXT NOT NULL,
    PRIMARY KEY (t, point)
) WITHOUT ROWID;
CREATE TABLE counter (
    t INTEGER NOT NULL, point INTEGER NOT NULL,
    positive REAL NOT NULL, negative REAL NOT NULL,
    date TEXT NOT NULL,
    PRIMARY KEY (t, point)
) WITHOUT ROWID;
CREATE TABLE device_day (
    device TEXT NOT NULL,
    serial TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    date TEXT,
    complete INTEGER NOT NULL,
    fetched_ms INTEGER NOT NULL,
    yield REAL, consumed REAL, power_max REAL,
    panel_voltage_max REAL, battery_voltage_max REAL, battery_voltage_min REAL,
    battery_current_max REAL,
    time_bulk REAL, time_absorption REAL, time_float REAL,
    errors TEXT NOT NULL,
    fields TEXT NOT NULL,
    PRIMARY KEY (device, serial, sequence)
) WITHOUT ROWID;
CREATE TABLE logged (
    t INTEGER NOT NULL, log TEXT NOT NULL, point INTEGER NOT NULL,
    min REAL, mean REAL, max REAL, last, count INTEGER NOT NULL,
    PRIMARY KEY (t, log, point)
) WITHOUT ROWID;
CREATE TABLE snapshot (
    point TEXT PRIMARY KEY,
    value REAL,
    text TEXT,
    unit TEXT NOT NULL,
    quality TEXT NOT NULL,
    boot INTEGER NOT NULL,
    mono_ms INTEGER,
    wall_ms INTEGER,
    wall_trusted INTEGER,
    age_s REAL
) WITHOUT ROWID;
CREATE VIEW points AS
    SELECT name AS point, unit,
           strftime('%Y-%m-%dT%H:%M:%SZ', first_ms / 1000, 'unixepoch') AS first,
           strftime('%Y-%m-%dT%H:%M:%SZ', last_ms / 1000, 'unixepoch') AS last
    FROM point;
CREATE VIEW minutes AS
    SELECT t, strftime('%Y-%m-%dT%H:%M:%SZ', t, 'unixepoch') AS time, name AS point,
           min, mean, max, last, count, unit
    FROM minute JOIN point ON point.id = minute.point;
CREATE VIEW quarters AS
    SELECT t, strftime('%Y-%m-%dT%H:%M:%SZ', t, 'unixepoch') AS time, name AS point,
           min, mean, max, last, count, unit
    FROM quarter JOIN point ON point.id = quarter.point;
CREATE VIEW days AS
    SELECT t, date, name AS point, min, mean, max, last, count, unit
    FROM day JOIN point ON point.id = day.point;
CREATE VIEW energy AS
    SELECT t, date, substr(name, 1, instr(name, '.') - 1) AS device,
           substr(name, instr(name, '.') + 1) AS quantity,
           positive / CASE unit WHEN 'W' THEN 1000.0 ELSE 1.0 END AS positive,
           negative / CASE unit WHEN 'W' THEN 1000.0 ELSE 1.0 END AS negative,
           CASE unit WHEN 'W' THEN 'kWh' ELSE 'Ah' END AS unit
    FROM counter JOIN point ON point.id = counter.point;
CREATE VIEW device_days AS
    SELECT device, serial, date, sequence,
           CASE complete WHEN 0 THEN 'so far' ELSE 'complete' END AS state,
           yield AS yield_kwh, consumed AS consumed_kwh, power_max AS power_max_w,
           panel_voltage_max AS panel_voltage_max_v,
           battery_voltage_max AS battery_voltage_max_v,
           battery_voltage_min AS battery_voltage_min_v,
           battery_current_max AS battery_current_max_a,
           time_bulk AS bulk_min, time_absorption AS absorption_min, time_float AS float_min,
           errors
    FROM device_day;
CREATE VIEW logs AS
    SELECT t, strftime('%Y-%m-%dT%H:%M:%SZ', t, 'unixepoch') AS time, log, name AS point,
           min, mean, max, last, count, unit
    FROM logged JOIN point ON point.id = logged.point;
CREATE VIEW segments AS
    SELECT segment.id, boot.boot,
           strftime('%Y-%m-%dT%H:%M:%fZ', wall_ms / 1000.0, 'unixepoch') AS start,
           span_ms / 1000.0 AS seconds,
           CASE clock WHEN 0 THEN 'not set' WHEN 1 THEN 'set' ELSE 'set later' END AS clock,
           readings, bytes
    FROM segment JOIN boot ON boot.id = segment.boot;
CREATE VIEW now AS
    SELECT point, value, text, unit, quality, age_s,
           strftime('%Y-%m-%dT%H:%M:%fZ', wall_ms / 1000.0, 'unixepoch') AS time,
           CASE wall_trusted WHEN 0 THEN 'not set' WHEN 1 THEN 'set' END AS clock
    FROM snapshot;

INSERT INTO boot VALUES (1, 'old-run', 1796083200000, 1, '0.1.0');
INSERT INTO point VALUES (1, 'a.v', 'V', 1796083200000, 1796184000000);
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99)
INSERT INTO quarter (point, t, min, mean, max, last, count)
SELECT 1, 1796083200 + i * 900, 1.5, 2.5, 3.5, 2.0, 900 FROM n;
INSERT INTO snapshot VALUES ('a.v', 2.0, NULL, 'V', 'good', 1, 1000, 1796083201000, 1, 0.3);
UPDATE schema SET version = 2;
PRAGMA user_version = 2;
