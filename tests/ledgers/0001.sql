BEGIN TRANSACTION;
CREATE TABLE alarm (
	digest TEXT NOT NULL,
	report TEXT NOT NULL,
	subject TEXT NOT NULL,
	body TEXT NOT NULL,
	first_at DATETIME NOT NULL,
	last_at DATETIME NOT NULL,
	told_at DATETIME,
	telling_until DATETIME,
	count INTEGER NOT NULL,
	CONSTRAINT pk_alarm PRIMARY KEY (digest)
);
INSERT INTO "alarm" VALUES('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','library-loans','library-loans failed','It broke.','2026-11-22 08:47:42.812000','2026-11-22 08:47:42.837000','2026-11-22 08:47:42.873000','2026-11-22 08:57:42.857000',2);
INSERT INTO "alarm" VALUES('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','library-loans','library-loans failed','It broke.','2026-11-22 08:47:42.882000','2026-11-22 08:47:42.882000',NULL,NULL,1);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE event (
	id INTEGER NOT NULL,
	run_id INTEGER NOT NULL,
	at DATETIME NOT NULL,
	kind TEXT NOT NULL,
	detail TEXT NOT NULL,
	CONSTRAINT pk_event PRIMARY KEY (id),
	CONSTRAINT fk_event_run_id FOREIGN KEY(run_id) REFERENCES run (id)
);
INSERT INTO "event" VALUES(1,1,'2026-11-22 08:47:42.373000','planned','schedule');
INSERT INTO "event" VALUES(2,1,'2026-11-22 08:47:42.373000','taken over','found in the archive');
INSERT INTO "event" VALUES(3,2,'2026-11-22 08:47:42.423000','planned','schedule');
INSERT INTO "event" VALUES(4,3,'2026-11-22 08:47:42.423000','skipped','superseded by 2026-11');
INSERT INTO "event" VALUES(5,4,'2026-11-22 08:47:42.463000','planned','schedule');
INSERT INTO "event" VALUES(6,4,'2026-11-22 08:47:42.463000','claimed','by reading-room/4711');
INSERT INTO "event" VALUES(7,5,'2026-11-22 08:47:42.511000','planned','schedule');
INSERT INTO "event" VALUES(8,5,'2026-11-22 08:47:42.511000','claimed','by reading-room/4711');
INSERT INTO "event" VALUES(9,5,'2026-11-22 08:47:42.543000','published','9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08');
INSERT INTO "event" VALUES(10,6,'2026-11-22 08:47:42.575000','planned','schedule');
INSERT INTO "event" VALUES(11,6,'2026-11-22 08:47:42.575000','claimed','by reading-room/4711');
INSERT INTO "event" VALUES(12,6,'2026-11-22 08:47:42.604000','failed','it broke: 실패');
INSERT INTO "event" VALUES(13,7,'2026-11-22 08:47:42.620000','planned','schedule');
INSERT INTO "event" VALUES(14,7,'2026-11-22 08:47:42.620000','claimed','by reading-room/4711');
INSERT INTO "event" VALUES(15,7,'2026-11-22 08:47:42.626000','failed','it broke: 실패');
INSERT INTO "event" VALUES(16,8,'2026-11-22 08:47:42.640000','planned','schedule');
INSERT INTO "event" VALUES(17,8,'2026-11-22 08:47:42.640000','claimed','by reading-room/4711');
INSERT INTO "event" VALUES(18,8,'2026-11-22 08:47:42.668000','failed','it broke: 실패');
INSERT INTO "event" VALUES(19,9,'2026-11-22 08:47:42.684000','planned','schedule');
INSERT INTO "event" VALUES(20,9,'2026-11-22 08:47:42.684000','claimed','by reading-room/4711');
INSERT INTO "event" VALUES(21,9,'2026-11-22 08:47:42.712000','failed','held by the gate');
INSERT INTO "event" VALUES(22,10,'2026-11-22 08:47:42.720000','planned','manual');
INSERT INTO "event" VALUES(23,10,'2026-11-22 08:47:42.720000','claimed','by reading-room/4711');
INSERT INTO "event" VALUES(24,10,'2026-11-22 08:47:42.736000','handed back','stopped by hand');
CREATE TABLE instance (
	name TEXT NOT NULL,
	started_at DATETIME NOT NULL,
	ticked_at DATETIME NOT NULL,
	CONSTRAINT pk_instance PRIMARY KEY (name)
);
INSERT INTO "instance" VALUES('reading-room/4711','2026-11-22 08:47:42.797000','2026-11-22 08:47:42.797000');
CREATE TABLE pause (
	report TEXT NOT NULL,
	since DATETIME NOT NULL,
	reason TEXT NOT NULL,
	CONSTRAINT pk_pause PRIMARY KEY (report)
);
INSERT INTO "pause" VALUES('member-survey','2026-11-22 08:47:42.772000','the questions change');
CREATE TABLE "plan" (
	schedule TEXT NOT NULL,
	digest TEXT NOT NULL,
	planned_until DATETIME NOT NULL,
	CONSTRAINT pk_plan PRIMARY KEY (schedule)
);
INSERT INTO "plan" VALUES('library-loans','9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08','2026-11-01 22:00:00.000000');
CREATE TABLE run (
	id INTEGER NOT NULL,
	report TEXT NOT NULL,
	edition TEXT NOT NULL,
	period TEXT NOT NULL,
	revision INTEGER NOT NULL,
	period_end DATE NOT NULL,
	language TEXT NOT NULL,
	parameter TEXT NOT NULL,
	formats TEXT NOT NULL,
	"trigger" TEXT NOT NULL,
	priority INTEGER NOT NULL,
	state TEXT NOT NULL,
	reason TEXT NOT NULL,
	scheduled_for DATETIME,
	owner TEXT NOT NULL,
	place TEXT NOT NULL,
	pid INTEGER NOT NULL,
	process_started BIGINT NOT NULL,
	lease_until DATETIME,
	fence INTEGER NOT NULL,
	attempt INTEGER NOT NULL,
	failures INTEGER NOT NULL,
	next_attempt_at DATETIME,
	started_at DATETIME,
	finished_at DATETIME,
	published_at DATETIME,
	published_fence INTEGER NOT NULL,
	manifest TEXT NOT NULL,
	CONSTRAINT pk_run PRIMARY KEY (id),
	CONSTRAINT uq_run UNIQUE (report, edition, period, revision)
);
INSERT INTO "run" VALUES(1,'library-loans','taken-over-ko','2026-10',1,'2026-10-31','ko','taken-over','pdf,html','schedule',0,'published','','2026-11-01 21:00:00.000000','','',0,0,NULL,0,0,0,NULL,NULL,NULL,'2026-11-22 08:47:42.373000',0,'9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08');
INSERT INTO "run" VALUES(2,'library-loans','pending-ko','2026-10',1,'2026-10-31','ko','pending','pdf,html','schedule',0,'pending','','2026-11-01 21:00:00.000000','','',0,0,NULL,0,0,0,NULL,NULL,NULL,NULL,0,'');
INSERT INTO "run" VALUES(3,'library-loans','skipped-ko','2026-10',1,'2026-10-31','ko','skipped','pdf,html','schedule',0,'skipped','superseded by 2026-11','2026-11-01 21:00:00.000000','','',0,0,NULL,0,0,0,NULL,NULL,NULL,NULL,0,'');
INSERT INTO "run" VALUES(4,'library-loans','running-ko','2026-10',1,'2026-10-31','ko','running','pdf,html','schedule',0,'running','','2026-11-01 21:00:00.000000','reading-room/4711','another boot, another namespace',4711,123456,'2026-11-22 08:47:42.463000',1,1,0,NULL,'2026-11-22 08:47:42.463000',NULL,NULL,0,'');
INSERT INTO "run" VALUES(5,'library-loans','published-ko','2026-10',1,'2026-10-31','ko','published','pdf,html','schedule',0,'published','','2026-11-01 21:00:00.000000','reading-room/4711','another boot, another namespace',4711,123456,NULL,1,0,0,NULL,'2026-11-22 08:47:42.511000','2026-11-22 08:47:42.543000','2026-11-22 08:47:42.543000',1,'9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08');
INSERT INTO "run" VALUES(6,'library-loans','retry_wait-ko','2026-10',1,'2026-10-31','ko','retry_wait','pdf,html','schedule',0,'retry_wait','it broke: 실패','2026-11-01 21:00:00.000000','reading-room/4711','another boot, another namespace',4711,123456,NULL,1,1,1,'2026-11-22 08:52:42.604000','2026-11-22 08:47:42.575000','2026-11-22 08:47:42.604000',NULL,0,'');
INSERT INTO "run" VALUES(7,'library-loans','parked-ko','2026-10',1,'2026-10-31','ko','parked','pdf,html','schedule',0,'parked','it broke: 실패','2026-11-01 21:00:00.000000','reading-room/4711','another boot, another namespace',4711,123456,NULL,1,1,1,NULL,'2026-11-22 08:47:42.620000','2026-11-22 08:47:42.626000',NULL,0,'');
INSERT INTO "run" VALUES(8,'library-loans','failed-ko','2026-10',1,'2026-10-31','ko','failed','pdf,html','schedule',0,'failed','it broke: 실패','2026-11-01 21:00:00.000000','reading-room/4711','another boot, another namespace',4711,123456,NULL,1,1,1,NULL,'2026-11-22 08:47:42.640000','2026-11-22 08:47:42.668000',NULL,0,'');
INSERT INTO "run" VALUES(9,'library-loans','held-ko','2026-10',1,'2026-10-31','ko','held','pdf,html','schedule',0,'held','held by the gate','2026-11-01 21:00:00.000000','reading-room/4711','another boot, another namespace',4711,123456,NULL,1,1,1,NULL,'2026-11-22 08:47:42.684000','2026-11-22 08:47:42.712000',NULL,0,'');
INSERT INTO "run" VALUES(10,'library-loans','en','2026-09',1,'2026-09-30','en','','pdf,html','manual',0,'cancelled','stopped by hand',NULL,'reading-room/4711','another boot, another namespace',4711,123456,NULL,1,0,0,NULL,'2026-11-22 08:47:42.720000',NULL,NULL,0,'');
CREATE TABLE setting (
	name TEXT NOT NULL,
	value TEXT NOT NULL,
	CONSTRAINT pk_setting PRIMARY KEY (name)
);
INSERT INTO "setting" VALUES('archive taken over','yes');
CREATE INDEX ix_run_state ON run (state);
CREATE INDEX ix_event_run_id ON event (run_id);
COMMIT;
