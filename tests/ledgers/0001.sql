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
INSERT INTO "alarm" VALUES('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','library-loans','library-loans failed','It broke.','2026-11-22 11:16:03.375000','2026-11-22 11:16:03.393000','2026-11-22 11:16:03.464000','2026-11-22 11:26:03.435000',2);
INSERT INTO "alarm" VALUES('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','library-loans','library-loans failed','It broke.','2026-11-22 11:16:03.476000','2026-11-22 11:16:03.476000',NULL,NULL,1);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE channel (
	name TEXT NOT NULL,
	next_at DATETIME,
	stopped_until DATETIME,
	reason TEXT NOT NULL,
	CONSTRAINT pk_channel PRIMARY KEY (name)
);
INSERT INTO "channel" VALUES('mail',NULL,'2026-11-22 11:31:03.310000','the password is wrong');
CREATE TABLE delivery (
	id INTEGER NOT NULL,
	run_id INTEGER NOT NULL,
	report TEXT NOT NULL,
	edition TEXT NOT NULL,
	period TEXT NOT NULL,
	revision INTEGER NOT NULL,
	language TEXT NOT NULL,
	channel TEXT NOT NULL,
	recipient TEXT NOT NULL,
	name TEXT NOT NULL,
	resend INTEGER NOT NULL,
	state TEXT NOT NULL,
	reason TEXT NOT NULL,
	due DATETIME NOT NULL,
	message_id TEXT NOT NULL,
	in_reply_to TEXT NOT NULL,
	notice BOOLEAN NOT NULL,
	manifest TEXT NOT NULL,
	owner TEXT NOT NULL,
	place TEXT NOT NULL,
	pid INTEGER NOT NULL,
	process_started BIGINT NOT NULL,
	lease_until DATETIME,
	fence INTEGER NOT NULL,
	attempt INTEGER NOT NULL,
	doubts INTEGER NOT NULL,
	next_attempt_at DATETIME,
	expires_at DATETIME NOT NULL,
	sending_at DATETIME,
	sent_at DATETIME,
	code INTEGER NOT NULL,
	CONSTRAINT pk_delivery PRIMARY KEY (id),
	CONSTRAINT fk_delivery_run_id FOREIGN KEY(run_id) REFERENCES run (id),
	CONSTRAINT uq_delivery UNIQUE (report, edition, period, revision, channel, recipient, resend)
);
INSERT INTO "delivery" VALUES(1,11,'library-loans','delivered-ko','2026-10',1,'ko','mail','0@example.org','',0,'awaiting','','2026-11-01 21:00:00.000000','<0@example.org>','',0,'9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08','','',0,0,NULL,0,0,0,NULL,'2026-11-23 11:16:02.695000',NULL,NULL,0);
INSERT INTO "delivery" VALUES(2,11,'library-loans','delivered-ko','2026-10',1,'ko','mail','1@example.org','',0,'suppressed','','2026-11-01 21:00:00.000000','<1@example.org>','',0,'9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08','','',0,0,NULL,0,0,0,NULL,'2026-11-23 11:16:02.695000',NULL,NULL,0);
INSERT INTO "delivery" VALUES(3,11,'library-loans','delivered-ko','2026-10',1,'ko','mail','2@example.org','',0,'stopped','','2026-11-01 21:00:00.000000','<2@example.org>','',0,'9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08','','',0,0,NULL,0,0,0,NULL,'2026-11-23 11:16:02.695000',NULL,NULL,0);
INSERT INTO "delivery" VALUES(4,11,'library-loans','delivered-ko','2026-10',1,'ko','mail','3@example.org','',0,'sent','so it was: 그랬다','2026-11-01 21:00:00.000000','<3@example.org>','',0,'9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08','reading-room/4711','another boot, another namespace',4711,123456,NULL,1,1,0,NULL,'2026-11-23 11:16:02.695000','2026-11-22 11:16:02.867000','2026-11-22 11:16:02.952000',250);
INSERT INTO "delivery" VALUES(5,11,'library-loans','delivered-ko','2026-10',1,'ko','mail','4@example.org','',0,'refused','so it was: 그랬다','2026-11-01 21:00:00.000000','<4@example.org>','',0,'9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08','reading-room/4711','another boot, another namespace',4711,123456,NULL,1,1,0,NULL,'2026-11-23 11:16:02.695000','2026-11-22 11:16:03.047000',NULL,250);
INSERT INTO "delivery" VALUES(6,11,'library-loans','delivered-ko','2026-10',1,'ko','mail','5@example.org','',0,'expired','so it was: 그랬다','2026-11-01 21:00:00.000000','<5@example.org>','',0,'9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08','reading-room/4711','another boot, another namespace',4711,123456,NULL,1,1,0,NULL,'2026-11-23 11:16:02.695000','2026-11-22 11:16:03.094000',NULL,250);
INSERT INTO "delivery" VALUES(7,11,'library-loans','delivered-ko','2026-10',1,'ko','mail','6@example.org','',0,'uncertain','so it was: 그랬다','2026-11-01 21:00:00.000000','<6@example.org>','',0,'9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08','reading-room/4711','another boot, another namespace',4711,123456,NULL,1,1,1,NULL,'2026-11-23 11:16:02.695000','2026-11-22 11:16:03.131000',NULL,250);
INSERT INTO "delivery" VALUES(8,11,'library-loans','delivered-ko','2026-10',1,'ko','mail','7@example.org','',0,'deferred','so it was: 그랬다','2026-11-01 21:00:00.000000','<7@example.org>','',0,'9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08','reading-room/4711','another boot, another namespace',4711,123456,NULL,1,1,0,'2026-11-22 12:16:03.280000','2026-11-23 11:16:02.695000','2026-11-22 11:16:03.259000',NULL,250);
INSERT INTO "delivery" VALUES(9,11,'library-loans','delivered-ko','2026-10',1,'ko','mail','8@example.org','',0,'sending','','2026-11-01 21:00:00.000000','<8@example.org>','',0,'9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08','reading-room/4711','another boot, another namespace',4711,123456,'2026-11-22 11:16:03.299000',1,1,0,NULL,'2026-11-23 11:16:02.695000','2026-11-22 11:16:03.299000',NULL,0);
INSERT INTO "delivery" VALUES(10,11,'library-loans','delivered-ko','2026-10',1,'ko','mail','9@example.org','',0,'queued','','2026-11-01 21:00:00.000000','<9@example.org>','',0,'9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08','','',0,0,NULL,0,0,0,NULL,'2026-11-23 11:16:02.695000',NULL,NULL,0);
CREATE TABLE event (
	id INTEGER NOT NULL,
	run_id INTEGER NOT NULL,
	at DATETIME NOT NULL,
	kind TEXT NOT NULL,
	detail TEXT NOT NULL,
	CONSTRAINT pk_event PRIMARY KEY (id),
	CONSTRAINT fk_event_run_id FOREIGN KEY(run_id) REFERENCES run (id)
);
INSERT INTO "event" VALUES(1,1,'2026-11-22 11:16:01.735000','planned','schedule');
INSERT INTO "event" VALUES(2,1,'2026-11-22 11:16:01.735000','taken over','found in the archive');
INSERT INTO "event" VALUES(3,2,'2026-11-22 11:16:01.800000','planned','schedule');
INSERT INTO "event" VALUES(4,3,'2026-11-22 11:16:01.800000','skipped','superseded by 2026-11');
INSERT INTO "event" VALUES(5,4,'2026-11-22 11:16:01.811000','planned','schedule');
INSERT INTO "event" VALUES(6,4,'2026-11-22 11:16:01.811000','claimed','by reading-room/4711');
INSERT INTO "event" VALUES(7,5,'2026-11-22 11:16:01.825000','planned','schedule');
INSERT INTO "event" VALUES(8,5,'2026-11-22 11:16:01.825000','claimed','by reading-room/4711');
INSERT INTO "event" VALUES(9,5,'2026-11-22 11:16:01.835000','published','9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08');
INSERT INTO "event" VALUES(10,6,'2026-11-22 11:16:01.904000','planned','schedule');
INSERT INTO "event" VALUES(11,6,'2026-11-22 11:16:01.904000','claimed','by reading-room/4711');
INSERT INTO "event" VALUES(12,6,'2026-11-22 11:16:01.924000','failed','it broke: 실패');
INSERT INTO "event" VALUES(13,7,'2026-11-22 11:16:02.039000','planned','schedule');
INSERT INTO "event" VALUES(14,7,'2026-11-22 11:16:02.039000','claimed','by reading-room/4711');
INSERT INTO "event" VALUES(15,7,'2026-11-22 11:16:02.159000','failed','it broke: 실패');
INSERT INTO "event" VALUES(16,8,'2026-11-22 11:16:02.222000','planned','schedule');
INSERT INTO "event" VALUES(17,8,'2026-11-22 11:16:02.222000','claimed','by reading-room/4711');
INSERT INTO "event" VALUES(18,8,'2026-11-22 11:16:02.294000','failed','it broke: 실패');
INSERT INTO "event" VALUES(19,9,'2026-11-22 11:16:02.351000','planned','schedule');
INSERT INTO "event" VALUES(20,9,'2026-11-22 11:16:02.351000','claimed','by reading-room/4711');
INSERT INTO "event" VALUES(21,9,'2026-11-22 11:16:02.411000','failed','held by the gate');
INSERT INTO "event" VALUES(22,10,'2026-11-22 11:16:02.467000','planned','manual');
INSERT INTO "event" VALUES(23,10,'2026-11-22 11:16:02.467000','claimed','by reading-room/4711');
INSERT INTO "event" VALUES(24,10,'2026-11-22 11:16:02.563000','handed back','stopped by hand');
INSERT INTO "event" VALUES(25,11,'2026-11-22 11:16:02.635000','planned','schedule');
INSERT INTO "event" VALUES(26,11,'2026-11-22 11:16:02.635000','claimed','by reading-room/4711');
INSERT INTO "event" VALUES(27,11,'2026-11-22 11:16:02.695000','published','9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08');
INSERT INTO "event" VALUES(28,11,'2026-11-22 11:16:02.695000','queued','10 deliveries, which wait for an approval; always');
CREATE TABLE instance (
	name TEXT NOT NULL,
	started_at DATETIME NOT NULL,
	ticked_at DATETIME NOT NULL,
	CONSTRAINT pk_instance PRIMARY KEY (name)
);
INSERT INTO "instance" VALUES('reading-room/4711','2026-11-22 11:16:03.328000','2026-11-22 11:16:03.328000');
CREATE TABLE pause (
	report TEXT NOT NULL,
	since DATETIME NOT NULL,
	reason TEXT NOT NULL,
	CONSTRAINT pk_pause PRIMARY KEY (report)
);
INSERT INTO "pause" VALUES('member-survey','2026-11-22 11:16:03.319000','the questions change');
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
	correction TEXT NOT NULL,
	deliver BOOLEAN NOT NULL,
	"trigger" TEXT NOT NULL,
	priority INTEGER NOT NULL,
	state TEXT NOT NULL,
	reason TEXT NOT NULL,
	state_before TEXT NOT NULL,
	reason_before TEXT NOT NULL,
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
	queued BOOLEAN NOT NULL,
	sealed BOOLEAN NOT NULL,
	decision TEXT NOT NULL,
	CONSTRAINT pk_run PRIMARY KEY (id),
	CONSTRAINT uq_run UNIQUE (report, edition, period, revision)
);
INSERT INTO "run" VALUES(1,'library-loans','taken-over-ko','2026-10',1,'2026-10-31','ko','taken-over','pdf,html','',0,'schedule',0,'published','','cancelled','','2026-11-01 21:00:00.000000','','',0,0,NULL,0,0,0,NULL,NULL,NULL,'2026-11-22 11:16:01.735000',0,'9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',0,0,'');
INSERT INTO "run" VALUES(2,'library-loans','pending-ko','2026-10',1,'2026-10-31','ko','pending','pdf,html','',0,'schedule',0,'pending','','cancelled','','2026-11-01 21:00:00.000000','','',0,0,NULL,0,0,0,NULL,NULL,NULL,NULL,0,'',0,0,'');
INSERT INTO "run" VALUES(3,'library-loans','skipped-ko','2026-10',1,'2026-10-31','ko','skipped','pdf,html','',0,'schedule',0,'skipped','superseded by 2026-11','cancelled','','2026-11-01 21:00:00.000000','','',0,0,NULL,0,0,0,NULL,NULL,NULL,NULL,0,'',0,0,'');
INSERT INTO "run" VALUES(4,'library-loans','running-ko','2026-10',1,'2026-10-31','ko','running','pdf,html','',0,'schedule',0,'running','','pending','','2026-11-01 21:00:00.000000','reading-room/4711','another boot, another namespace',4711,123456,'2026-11-22 11:16:01.811000',1,1,0,NULL,'2026-11-22 11:16:01.811000',NULL,NULL,0,'',0,0,'');
INSERT INTO "run" VALUES(5,'library-loans','published-ko','2026-10',1,'2026-10-31','ko','published','pdf,html','',0,'schedule',0,'published','','pending','','2026-11-01 21:00:00.000000','reading-room/4711','another boot, another namespace',4711,123456,NULL,1,0,0,NULL,'2026-11-22 11:16:01.825000','2026-11-22 11:16:01.835000','2026-11-22 11:16:01.835000',1,'9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',0,0,'');
INSERT INTO "run" VALUES(6,'library-loans','retry_wait-ko','2026-10',1,'2026-10-31','ko','retry_wait','pdf,html','',0,'schedule',0,'retry_wait','it broke: 실패','pending','','2026-11-01 21:00:00.000000','reading-room/4711','another boot, another namespace',4711,123456,NULL,1,1,1,'2026-11-22 11:21:01.924000','2026-11-22 11:16:01.904000','2026-11-22 11:16:01.924000',NULL,0,'',0,0,'');
INSERT INTO "run" VALUES(7,'library-loans','parked-ko','2026-10',1,'2026-10-31','ko','parked','pdf,html','',0,'schedule',0,'parked','it broke: 실패','pending','','2026-11-01 21:00:00.000000','reading-room/4711','another boot, another namespace',4711,123456,NULL,1,1,1,NULL,'2026-11-22 11:16:02.039000','2026-11-22 11:16:02.159000',NULL,0,'',0,0,'');
INSERT INTO "run" VALUES(8,'library-loans','failed-ko','2026-10',1,'2026-10-31','ko','failed','pdf,html','',0,'schedule',0,'failed','it broke: 실패','pending','','2026-11-01 21:00:00.000000','reading-room/4711','another boot, another namespace',4711,123456,NULL,1,1,1,NULL,'2026-11-22 11:16:02.222000','2026-11-22 11:16:02.294000',NULL,0,'',0,0,'');
INSERT INTO "run" VALUES(9,'library-loans','held-ko','2026-10',1,'2026-10-31','ko','held','pdf,html','',0,'schedule',0,'held','held by the gate','pending','','2026-11-01 21:00:00.000000','reading-room/4711','another boot, another namespace',4711,123456,NULL,1,1,1,NULL,'2026-11-22 11:16:02.351000','2026-11-22 11:16:02.411000',NULL,0,'',0,0,'');
INSERT INTO "run" VALUES(10,'library-loans','en','2026-09',1,'2026-09-30','en','','pdf,html','',0,'manual',0,'cancelled','stopped by hand','cancelled','',NULL,'reading-room/4711','another boot, another namespace',4711,123456,NULL,1,0,0,NULL,'2026-11-22 11:16:02.467000',NULL,NULL,0,'',0,0,'');
INSERT INTO "run" VALUES(11,'library-loans','delivered-ko','2026-10',1,'2026-10-31','ko','delivered','pdf,html','',1,'schedule',0,'published','','pending','','2026-11-01 21:00:00.000000','reading-room/4711','another boot, another namespace',4711,123456,NULL,1,0,0,NULL,'2026-11-22 11:16:02.635000','2026-11-22 11:16:02.695000','2026-11-22 11:16:02.695000',1,'9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',1,1,'');
CREATE TABLE setting (
	name TEXT NOT NULL,
	value TEXT NOT NULL,
	CONSTRAINT pk_setting PRIMARY KEY (name)
);
INSERT INTO "setting" VALUES('archive taken over','yes');
CREATE INDEX ix_run_state ON run (state);
CREATE INDEX ix_event_run_id ON event (run_id);
CREATE INDEX ix_delivery_state ON delivery (state, id);
CREATE INDEX ix_delivery_run_id ON delivery (run_id);
COMMIT;
