export const SCHEMA_VERSION = 1;

/** Append-only: what stands is never changed. A baseline or a noise floor is the latest row of its name. */
export const SCHEMA: string = `
create table run (
  id text primary key, started_at text not null, workload text not null, workload_hash text not null,
  workload_text text not null, target text not null, target_version text, seed integer not null,
  commit_id text not null, dirty integer not null, host_fingerprint text not null, node text not null,
  cpu_governor text, status text not null, exit_code integer not null, pair_id text, arm text, pair_index integer
) strict;
create index run_by_workload on run (workload, started_at);
create table metric (
  run_id text not null references run (id), name text not null, unit text not null, better text not null,
  value real not null, samples integer not null, exact integer not null, primary key (run_id, name)
) strict;
create table histogram (
  run_id text not null references run (id), name text not null, phase text not null, hdr_base64 text not null,
  primary key (run_id, name, phase)
) strict;
create table series (
  run_id text not null references run (id), name text not null, t_ms integer not null, value real not null,
  primary key (run_id, name, t_ms)
) strict, without rowid;
create table event (
  run_id text not null references run (id), t0 real not null, t1 real, kind text not null, detail text not null
) strict;
create table verdict (
  run_id text not null references run (id), rule text not null, result text not null, checked integer not null,
  violations integer not null, evidence text not null, primary key (run_id, rule)
) strict;
create table baseline (
  name text not null, workload_hash text not null, host_fingerprint text not null, run_id text not null references run (id),
  set_at text not null
) strict;
create table change_point (
  workload_hash text not null, host_fingerprint text not null, metric text not null, run_id text not null references run (id),
  commit_id text not null, p real not null, before_mean real not null, after_mean real not null, found_at text not null,
  primary key (workload_hash, host_fingerprint, metric, run_id)
) strict;
create table noise (
  workload_hash text not null, host_fingerprint text not null, metric text not null, floor real not null,
  pairs integer not null, measured_at text not null
) strict;
pragma user_version = ${SCHEMA_VERSION};
`;
