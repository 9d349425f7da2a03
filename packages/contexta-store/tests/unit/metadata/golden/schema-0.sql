PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE ledger_projects (
	ref TEXT NOT NULL, 
	name TEXT NOT NULL, 
	created_us BIGINT NOT NULL, 
	stored_us BIGINT NOT NULL, 
	revision INTEGER NOT NULL, 
	payload TEXT NOT NULL, 
	digest BLOB NOT NULL, 
	PRIMARY KEY (ref)
);
INSERT INTO ledger_projects VALUES('project:p','p',1767225600000000,1795345513366794,1,'{"created_at":"2026-01-01T00:00:00.000000Z","extensions":[],"name":"p","project_ref":"project:p","schema_version":"1.0.0","tags":{}}',X'5e5f113a2b663a1a2f35a9c1b50bc0fc');
CREATE TABLE ledger_runs (
	ref TEXT NOT NULL, 
	project_ref TEXT NOT NULL, 
	name TEXT NOT NULL, 
	started_us BIGINT NOT NULL, 
	ended_us BIGINT, 
	status TEXT NOT NULL, 
	stored_us BIGINT NOT NULL, 
	revision INTEGER NOT NULL, 
	payload TEXT NOT NULL, 
	digest BLOB NOT NULL, 
	PRIMARY KEY (ref)
);
INSERT INTO ledger_runs VALUES('run:p.r','project:p','r',1767225600000000,1767229200500000,'completed',1795345513370064,2,'{"ended_at":"2026-01-01T01:00:00.500000Z","extensions":[],"name":"r","params":{"lr":0.1},"project_ref":"project:p","run_ref":"run:p.r","schema_version":"1.0.0","started_at":"2026-01-01T00:00:00.000000Z","status":"completed","tags":{"team":"a"}}',X'57a198dfd6f408fba4e1fb12c125b850');
INSERT INTO ledger_runs VALUES('run:p.r-2','project:p','r',1767225600000000,NULL,'open',1795345513391172,1,'{"extensions":[],"name":"r","project_ref":"project:p","run_ref":"run:p.r-2","schema_version":"1.0.0","started_at":"2026-01-01T00:00:00.000000Z","status":"open"}',X'8c35fc6ea40a80b21bf038cf0da113c0');
INSERT INTO ledger_runs VALUES('run:p.r-3','project:p','r',1767225600000000,NULL,'open',1795345513392748,1,'{"extensions":[],"name":"r","project_ref":"project:p","run_ref":"run:p.r-3","schema_version":"1.0.0","started_at":"2026-01-01T00:00:00.000000Z","status":"open"}',X'eb83af6b0d1601ad2f162319a2f78923');
INSERT INTO ledger_runs VALUES('run:p.typed','project:p','typed',1767225600000000,1767232800000000,'completed',1795345513917471,1,'{"code_revision":"0000000000000000000000000000000000000000","description":"line\nbreak","ended_at":"2026-01-01T02:00:00.000000Z","extensions":[],"name":"typed","params":{"deep":"{\"a\":[1,null]}","layers":3,"lr":0.1,"name":"x y","none":null,"on":true},"project_ref":"project:p","run_ref":"run:p.typed","schema_version":"1.0.0","started_at":"2026-01-01T00:00:00.000000Z","status":"completed","tags":{"team":"b","ünï":"ⓒ"}}',X'bcb32c518b21b1fbf3e77f43821924b1');
CREATE TABLE ledger_deployment_executions (
	ref TEXT NOT NULL, 
	project_ref TEXT NOT NULL, 
	deployment_name TEXT NOT NULL, 
	run_ref TEXT, 
	order_index BIGINT, 
	started_us BIGINT NOT NULL, 
	status TEXT NOT NULL, 
	stored_us BIGINT NOT NULL, 
	revision INTEGER NOT NULL, 
	payload TEXT NOT NULL, 
	digest BLOB NOT NULL, 
	PRIMARY KEY (ref)
);
INSERT INTO ledger_deployment_executions VALUES('deployment:p.d','project:p','d','run:p.r',1,1767225600000000,'open',1795345513381778,2,'{"artifact_ref":"artifact:p.r.m","deployment_execution_ref":"deployment:p.d","deployment_name":"d","environment_snapshot_ref":"environment:p.r.e","extensions":[],"order_index":1,"project_ref":"project:p","run_ref":"run:p.r","schema_version":"1.0.0","started_at":"2026-01-01T00:00:00.000000Z","status":"open"}',X'e3d440f1ea93b9d41db0274b7f9f3aca');
CREATE TABLE ledger_stage_executions (
	ref TEXT NOT NULL, 
	run_ref TEXT NOT NULL, 
	stage_name TEXT NOT NULL, 
	order_index BIGINT, 
	started_us BIGINT NOT NULL, 
	status TEXT NOT NULL, 
	stored_us BIGINT NOT NULL, 
	revision INTEGER NOT NULL, 
	payload TEXT NOT NULL, 
	digest BLOB NOT NULL, 
	PRIMARY KEY (ref)
);
INSERT INTO ledger_stage_executions VALUES('stage:p.r.s','run:p.r','s',NULL,1767225600000000,'completed',1795345513373538,2,'{"ended_at":"2026-01-01T00:30:00.000000Z","extensions":[],"run_ref":"run:p.r","schema_version":"1.0.0","stage_execution_ref":"stage:p.r.s","stage_name":"s","started_at":"2026-01-01T00:00:00.000000Z","status":"completed"}',X'1355627948004e1ad10a1c977059978c');
CREATE TABLE ledger_batch_executions (
	ref TEXT NOT NULL, 
	run_ref TEXT NOT NULL, 
	stage_ref TEXT NOT NULL, 
	batch_name TEXT NOT NULL, 
	order_index BIGINT, 
	started_us BIGINT NOT NULL, 
	status TEXT NOT NULL, 
	stored_us BIGINT NOT NULL, 
	revision INTEGER NOT NULL, 
	payload TEXT NOT NULL, 
	digest BLOB NOT NULL, 
	PRIMARY KEY (ref)
);
INSERT INTO ledger_batch_executions VALUES('batch:p.r.s.b','run:p.r','stage:p.r.s','b',NULL,1767225600000000,'open',1795345513376328,1,'{"batch_execution_ref":"batch:p.r.s.b","batch_name":"b","extensions":[],"run_ref":"run:p.r","schema_version":"1.0.0","stage_execution_ref":"stage:p.r.s","started_at":"2026-01-01T00:00:00.000000Z","status":"open"}',X'e77340cfe7344291765fdfb71e89b452');
CREATE TABLE ledger_sample_observations (
	ref TEXT NOT NULL, 
	run_ref TEXT NOT NULL, 
	stage_ref TEXT NOT NULL, 
	batch_ref TEXT, 
	sample_name TEXT NOT NULL, 
	observed_us BIGINT NOT NULL, 
	retention_class TEXT, 
	redaction_profile TEXT, 
	stored_us BIGINT NOT NULL, 
	revision INTEGER NOT NULL, 
	payload TEXT NOT NULL, 
	digest BLOB NOT NULL, 
	PRIMARY KEY (ref)
);
INSERT INTO ledger_sample_observations VALUES('sample:p.r.s.b.x','run:p.r','stage:p.r.s','batch:p.r.s.b','x',1767225600000000,NULL,NULL,1795345513379307,1,'{"batch_execution_ref":"batch:p.r.s.b","extensions":[],"observed_at":"2026-01-01T00:00:00.000000Z","run_ref":"run:p.r","sample_name":"x","sample_observation_ref":"sample:p.r.s.b.x","schema_version":"1.0.0","stage_execution_ref":"stage:p.r.s"}',X'ada0e17cba98553e8c9928a48399e091');
CREATE TABLE ledger_environment_snapshots (
	ref TEXT NOT NULL, 
	run_ref TEXT NOT NULL, 
	captured_us BIGINT NOT NULL, 
	stored_us BIGINT NOT NULL, 
	revision INTEGER NOT NULL, 
	payload TEXT NOT NULL, 
	digest BLOB NOT NULL, 
	PRIMARY KEY (ref)
);
INSERT INTO ledger_environment_snapshots VALUES('environment:p.r.e','run:p.r',1767225600000000,1795345513384227,1,'{"captured_at":"2026-01-01T00:00:00.000000Z","environment_snapshot_ref":"environment:p.r.e","environment_variables":{},"extensions":[],"packages":{},"platform":"linux","python_version":"3.13","run_ref":"run:p.r","schema_version":"1.0.0"}',X'c96fa50e907c9a4471424622cf1f7b0f');
CREATE TABLE ledger_relations (
	ref TEXT NOT NULL, 
	source_ref TEXT NOT NULL, 
	target_ref TEXT NOT NULL, 
	relation_type TEXT NOT NULL, 
	recorded_us BIGINT NOT NULL, 
	stored_us BIGINT NOT NULL, 
	revision INTEGER NOT NULL, 
	payload TEXT NOT NULL, 
	digest BLOB NOT NULL, 
	PRIMARY KEY (ref)
);
INSERT INTO ledger_relations VALUES('relation:p.e1','run:p.r','artifact:p.r.m','used',1767225600000000,1795345513386394,1,'{"confidence_marker":"high","evidence_refs":[],"extensions":[],"origin_marker":"explicit","recorded_at":"2026-01-01T00:00:00.000000Z","relation_ref":"relation:p.e1","relation_type":"used","schema_version":"1.0.0","source_ref":"run:p.r","target_ref":"artifact:p.r.m"}',X'ee536281a24ef442ce282be06581ebbc');
INSERT INTO ledger_relations VALUES('relation:p.e2','run:p.r','run:p.r-2','used',1767225600000000,1795345513397331,1,'{"confidence_marker":"high","evidence_refs":["record:p.r.m1"],"extensions":[],"operation_context_ref":"op:p.r.s.o","origin_marker":"explicit","recorded_at":"2026-01-01T00:00:00.000000Z","relation_ref":"relation:p.e2","relation_type":"used","schema_version":"1.0.0","source_ref":"run:p.r","target_ref":"run:p.r-2"}',X'18378e91a0178a89444ee3b801c0db40');
CREATE TABLE ledger_provenance_records (
	ref TEXT NOT NULL, 
	relation_ref TEXT NOT NULL, 
	asserted_us BIGINT NOT NULL, 
	assertion_mode TEXT NOT NULL, 
	stored_us BIGINT NOT NULL, 
	revision INTEGER NOT NULL, 
	payload TEXT NOT NULL, 
	digest BLOB NOT NULL, 
	PRIMARY KEY (ref)
);
INSERT INTO ledger_provenance_records VALUES('provenance:p.c1','relation:p.e1',1767225600000000,'explicit',1795345513389544,1,'{"asserted_at":"2026-01-01T00:00:00.000000Z","assertion_mode":"explicit","extensions":[],"provenance_ref":"provenance:p.c1","relation_ref":"relation:p.e1","schema_version":"1.0.0"}',X'ebb62b3f22498a98502b34a50b32858a');
INSERT INTO ledger_provenance_records VALUES('provenance:p.c2','relation:p.e2',1767225600000000,'explicit',1795345513399030,1,'{"asserted_at":"2026-01-01T00:00:00.000000Z","assertion_mode":"explicit","extensions":[],"provenance_ref":"provenance:p.c2","relation_ref":"relation:p.e2","schema_version":"1.0.0"}',X'42f7c2f7e82bbde35e68affb7065aad7');
CREATE TABLE ledger_mentions (
	ref TEXT NOT NULL, 
	ref_kind TEXT NOT NULL, 
	mentioned_as TEXT NOT NULL, 
	registered_us BIGINT NOT NULL, 
	PRIMARY KEY (ref)
);
INSERT INTO ledger_mentions VALUES('artifact:p.r.m','artifact','relation_endpoint',1795345513387106);
INSERT INTO ledger_mentions VALUES('op:p.r.s.o','op','operation_context',1795345513397758);
INSERT INTO ledger_mentions VALUES('record:p.r.m1','record','evidence',1795345513397758);
CREATE TABLE run_params (
	run_ref TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	text TEXT NOT NULL, 
	number DOUBLE, 
	PRIMARY KEY (run_ref, "key")
)
 WITHOUT ROWID

;
INSERT INTO run_params VALUES('run:p.typed','deep','{"a":[1,null]}',NULL);
INSERT INTO run_params VALUES('run:p.typed','layers','3',3.0);
INSERT INTO run_params VALUES('run:p.r','lr','0.1',0.10000000000000000555);
INSERT INTO run_params VALUES('run:p.typed','lr','0.1',0.10000000000000000555);
INSERT INTO run_params VALUES('run:p.typed','name','x y',NULL);
INSERT INTO run_params VALUES('run:p.typed','none','null',NULL);
INSERT INTO run_params VALUES('run:p.typed','on','true',NULL);
CREATE TABLE run_tags (
	run_ref TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (run_ref, "key")
)
 WITHOUT ROWID

;
INSERT INTO run_tags VALUES('run:p.r','team','a');
INSERT INTO run_tags VALUES('run:p.typed','team','b');
INSERT INTO run_tags VALUES('run:p.typed','ünï','ⓒ');
CREATE TABLE run_writers (
	run_ref TEXT NOT NULL, 
	writer_id TEXT NOT NULL, 
	opened_us BIGINT NOT NULL, 
	PRIMARY KEY (run_ref)
)
 WITHOUT ROWID

;
INSERT INTO run_writers VALUES('run:p.r-2','00000000000000000000000000000000',1795345513391275);
CREATE TABLE ledger_run_suffixes (
	base_ref TEXT NOT NULL, 
	next_suffix BIGINT NOT NULL, 
	PRIMARY KEY (base_ref)
)
 WITHOUT ROWID

;
INSERT INTO ledger_run_suffixes VALUES('run:p.r',4);
CREATE TABLE ledger_lifecycle_history (
	id INTEGER NOT NULL, 
	ref TEXT NOT NULL, 
	field TEXT NOT NULL, 
	previous_value TEXT, 
	value TEXT NOT NULL, 
	changed_us BIGINT NOT NULL, 
	actor TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO ledger_lifecycle_history VALUES(1,'run:p.r','status','open','completed',1795345513394269,'golden');
INSERT INTO ledger_lifecycle_history VALUES(2,'stage:p.r.s','status','open','completed',1795345513396350,'golden');
CREATE TABLE schema_metadata (
	store_schema_version TEXT NOT NULL, 
	applied_at TEXT NOT NULL, 
	PRIMARY KEY (store_schema_version)
);
INSERT INTO schema_metadata VALUES('1','2026-11-22T11:05:13.359319Z');
CREATE INDEX ledger_runs_by_start ON ledger_runs (started_us, ref);
CREATE INDEX ledger_runs_by_project ON ledger_runs (project_ref, started_us, ref);
CREATE INDEX ledger_runs_by_name ON ledger_runs (name);
CREATE INDEX ledger_deployments_by_run ON ledger_deployment_executions (run_ref);
CREATE INDEX ledger_deployments_by_project ON ledger_deployment_executions (project_ref);
CREATE INDEX ledger_stages_by_run ON ledger_stage_executions (run_ref);
CREATE INDEX ledger_batches_by_stage ON ledger_batch_executions (stage_ref);
CREATE INDEX ledger_batches_by_run ON ledger_batch_executions (run_ref);
CREATE INDEX ledger_samples_by_run ON ledger_sample_observations (run_ref);
CREATE INDEX ledger_samples_by_stage ON ledger_sample_observations (stage_ref);
CREATE INDEX ledger_samples_by_batch ON ledger_sample_observations (batch_ref);
CREATE INDEX ledger_environments_by_run ON ledger_environment_snapshots (run_ref);
CREATE INDEX ledger_relations_by_source ON ledger_relations (source_ref);
CREATE INDEX ledger_relations_by_target ON ledger_relations (target_ref);
CREATE INDEX ledger_provenance_by_relation ON ledger_provenance_records (relation_ref);
CREATE INDEX run_params_by_value ON run_params ("key", number, text);
CREATE INDEX run_tags_by_value ON run_tags ("key", value);
CREATE INDEX ledger_lifecycle_history_by_ref ON ledger_lifecycle_history (ref);
CREATE VIEW projects AS SELECT ref, name, strftime('%Y-%m-%dT%H:%M:%S', (created_us - ((created_us % 1000000) + 1000000) % 1000000) / 1000000, 'unixepoch') || printf('.%06dZ', ((created_us % 1000000) + 1000000) % 1000000) AS created_at, payload AS payload_json FROM ledger_projects;
CREATE VIEW runs AS SELECT ref, project_ref, name, strftime('%Y-%m-%dT%H:%M:%S', (started_us - ((started_us % 1000000) + 1000000) % 1000000) / 1000000, 'unixepoch') || printf('.%06dZ', ((started_us % 1000000) + 1000000) % 1000000) AS started_at, status, payload AS payload_json FROM ledger_runs;
CREATE VIEW deployment_executions AS SELECT ref, project_ref, deployment_name, run_ref, order_index, strftime('%Y-%m-%dT%H:%M:%S', (started_us - ((started_us % 1000000) + 1000000) % 1000000) / 1000000, 'unixepoch') || printf('.%06dZ', ((started_us % 1000000) + 1000000) % 1000000) AS started_at, status, payload AS payload_json FROM ledger_deployment_executions;
CREATE VIEW stage_executions AS SELECT ref, run_ref, stage_name, order_index, strftime('%Y-%m-%dT%H:%M:%S', (started_us - ((started_us % 1000000) + 1000000) % 1000000) / 1000000, 'unixepoch') || printf('.%06dZ', ((started_us % 1000000) + 1000000) % 1000000) AS started_at, status, payload AS payload_json FROM ledger_stage_executions;
CREATE VIEW batch_executions AS SELECT ref, run_ref, stage_ref, batch_name, order_index, strftime('%Y-%m-%dT%H:%M:%S', (started_us - ((started_us % 1000000) + 1000000) % 1000000) / 1000000, 'unixepoch') || printf('.%06dZ', ((started_us % 1000000) + 1000000) % 1000000) AS started_at, status, payload AS payload_json FROM ledger_batch_executions;
CREATE VIEW sample_observations AS SELECT ref, run_ref, stage_ref, batch_ref, sample_name, strftime('%Y-%m-%dT%H:%M:%S', (observed_us - ((observed_us % 1000000) + 1000000) % 1000000) / 1000000, 'unixepoch') || printf('.%06dZ', ((observed_us % 1000000) + 1000000) % 1000000) AS observed_at, retention_class, redaction_profile, payload AS payload_json FROM ledger_sample_observations;
CREATE VIEW environment_snapshots AS SELECT ref, run_ref, strftime('%Y-%m-%dT%H:%M:%S', (captured_us - ((captured_us % 1000000) + 1000000) % 1000000) / 1000000, 'unixepoch') || printf('.%06dZ', ((captured_us % 1000000) + 1000000) % 1000000) AS captured_at, payload AS payload_json FROM ledger_environment_snapshots;
CREATE VIEW relations AS SELECT ref, source_ref, target_ref, relation_type, strftime('%Y-%m-%dT%H:%M:%S', (recorded_us - ((recorded_us % 1000000) + 1000000) % 1000000) / 1000000, 'unixepoch') || printf('.%06dZ', ((recorded_us % 1000000) + 1000000) % 1000000) AS recorded_at, payload AS payload_json FROM ledger_relations;
CREATE VIEW provenance_records AS SELECT ref, relation_ref, strftime('%Y-%m-%dT%H:%M:%S', (asserted_us - ((asserted_us % 1000000) + 1000000) % 1000000) / 1000000, 'unixepoch') || printf('.%06dZ', ((asserted_us % 1000000) + 1000000) % 1000000) AS asserted_at, assertion_mode, payload AS payload_json FROM ledger_provenance_records;
CREATE VIEW lifecycle_history AS SELECT id, ref, field, previous_value, value, strftime('%Y-%m-%dT%H:%M:%S', (changed_us - ((changed_us % 1000000) + 1000000) % 1000000) / 1000000, 'unixepoch') || printf('.%06dZ', ((changed_us % 1000000) + 1000000) % 1000000) AS changed_at, actor FROM ledger_lifecycle_history;
CREATE VIEW structural_ref_registry AS SELECT ref, 'project' AS ref_kind, 'project' AS owner_kind, strftime('%Y-%m-%dT%H:%M:%S', (stored_us - ((stored_us % 1000000) + 1000000) % 1000000) / 1000000, 'unixepoch') || printf('.%06dZ', ((stored_us % 1000000) + 1000000) % 1000000) AS registered_at FROM ledger_projects UNION ALL SELECT ref, 'run' AS ref_kind, 'run' AS owner_kind, strftime('%Y-%m-%dT%H:%M:%S', (stored_us - ((stored_us % 1000000) + 1000000) % 1000000) / 1000000, 'unixepoch') || printf('.%06dZ', ((stored_us % 1000000) + 1000000) % 1000000) AS registered_at FROM ledger_runs UNION ALL SELECT ref, 'deployment' AS ref_kind, 'deployment_execution' AS owner_kind, strftime('%Y-%m-%dT%H:%M:%S', (stored_us - ((stored_us % 1000000) + 1000000) % 1000000) / 1000000, 'unixepoch') || printf('.%06dZ', ((stored_us % 1000000) + 1000000) % 1000000) AS registered_at FROM ledger_deployment_executions UNION ALL SELECT ref, 'stage' AS ref_kind, 'stage_execution' AS owner_kind, strftime('%Y-%m-%dT%H:%M:%S', (stored_us - ((stored_us % 1000000) + 1000000) % 1000000) / 1000000, 'unixepoch') || printf('.%06dZ', ((stored_us % 1000000) + 1000000) % 1000000) AS registered_at FROM ledger_stage_executions UNION ALL SELECT ref, 'batch' AS ref_kind, 'batch_execution' AS owner_kind, strftime('%Y-%m-%dT%H:%M:%S', (stored_us - ((stored_us % 1000000) + 1000000) % 1000000) / 1000000, 'unixepoch') || printf('.%06dZ', ((stored_us % 1000000) + 1000000) % 1000000) AS registered_at FROM ledger_batch_executions UNION ALL SELECT ref, 'sample' AS ref_kind, 'sample_observation' AS owner_kind, strftime('%Y-%m-%dT%H:%M:%S', (stored_us - ((stored_us % 1000000) + 1000000) % 1000000) / 1000000, 'unixepoch') || printf('.%06dZ', ((stored_us % 1000000) + 1000000) % 1000000) AS registered_at FROM ledger_sample_observations UNION ALL SELECT ref, 'environment' AS ref_kind, 'environment_snapshot' AS owner_kind, strftime('%Y-%m-%dT%H:%M:%S', (stored_us - ((stored_us % 1000000) + 1000000) % 1000000) / 1000000, 'unixepoch') || printf('.%06dZ', ((stored_us % 1000000) + 1000000) % 1000000) AS registered_at FROM ledger_environment_snapshots UNION ALL SELECT ref, 'relation' AS ref_kind, 'relation' AS owner_kind, strftime('%Y-%m-%dT%H:%M:%S', (stored_us - ((stored_us % 1000000) + 1000000) % 1000000) / 1000000, 'unixepoch') || printf('.%06dZ', ((stored_us % 1000000) + 1000000) % 1000000) AS registered_at FROM ledger_relations UNION ALL SELECT ref, 'provenance' AS ref_kind, 'provenance' AS owner_kind, strftime('%Y-%m-%dT%H:%M:%S', (stored_us - ((stored_us % 1000000) + 1000000) % 1000000) / 1000000, 'unixepoch') || printf('.%06dZ', ((stored_us % 1000000) + 1000000) % 1000000) AS registered_at FROM ledger_provenance_records UNION ALL SELECT m.ref, m.ref_kind, m.mentioned_as AS owner_kind, strftime('%Y-%m-%dT%H:%M:%S', (m.registered_us - ((m.registered_us % 1000000) + 1000000) % 1000000) / 1000000, 'unixepoch') || printf('.%06dZ', ((m.registered_us % 1000000) + 1000000) % 1000000) AS registered_at FROM ledger_mentions m WHERE NOT EXISTS (SELECT 1 FROM ledger_projects e WHERE e.ref = m.ref) AND NOT EXISTS (SELECT 1 FROM ledger_runs e WHERE e.ref = m.ref) AND NOT EXISTS (SELECT 1 FROM ledger_deployment_executions e WHERE e.ref = m.ref) AND NOT EXISTS (SELECT 1 FROM ledger_stage_executions e WHERE e.ref = m.ref) AND NOT EXISTS (SELECT 1 FROM ledger_batch_executions e WHERE e.ref = m.ref) AND NOT EXISTS (SELECT 1 FROM ledger_sample_observations e WHERE e.ref = m.ref) AND NOT EXISTS (SELECT 1 FROM ledger_environment_snapshots e WHERE e.ref = m.ref) AND NOT EXISTS (SELECT 1 FROM ledger_relations e WHERE e.ref = m.ref) AND NOT EXISTS (SELECT 1 FROM ledger_provenance_records e WHERE e.ref = m.ref);
COMMIT;
