-- before the connectors start: this is the snapshot
create type tier as enum ('silver', 'gold');
create domain money_amount as numeric(12,2);
create extension if not exists hstore;
create table customers (
  id serial primary key, code varchar(20) not null, name text not null, email text,
  credit_limit numeric(12,2) not null default 100.00, risk numeric, amount money_amount,
  ratio double precision, small smallint, active boolean not null default true,
  notes text default 'n/a', tags text[], nums integer[], amounts numeric(8,2)[], days date[],
  attrs jsonb, raw json, d date, t time, t3 time(3), tz timetz, ts timestamp, ts3 timestamp(3),
  tstz timestamptz, iv interval, u uuid, b bytea, bits bit(12), flag bit(1), m money, i8 bigint,
  level tier, ip inet, r int4range, c char(4), us uuid[],
  updated_at timestamp not null default '2026-01-01');
create table customers_full (like customers including all);
alter table customers_full replica identity full;
create table prices (sku text, valid_from date, list int, amount numeric(10,4), primary key (list, sku, valid_from));
create table toast (
  id int primary key, a text, big text not null, bigarr text[], bigb bytea, bigj jsonb, ints int[],
  bigs bigint[], uu uuid[], nums numeric[], bignum numeric, x xml, n int);
alter table toast alter big set storage external, alter bigarr set storage external,
  alter bigb set storage external, alter bigj set storage external, alter ints set storage external,
  alter bigs set storage external, alter uu set storage external, alter nums set storage external,
  alter bignum set storage external;
create table events (id int, at date, what text, primary key (id, at)) partition by range (at);
create table events_2026 partition of events for values from ('2026-01-01') to ('2027-01-01');
create table debezium_signal (id varchar(64) primary key, type varchar(32) not null, data varchar(2048));
create function rnd(n int) returns text language sql as
  $$ select string_agg(md5(i::text), '') from generate_series(1, n) i $$;
insert into customers (code, name, email, risk, amount, ratio, small, tags, nums, amounts, days, attrs,
    raw, d, t, t3, tz, ts, ts3, tstz, iv, u, b, bits, flag, m, i8, level, ip, r, c, us)
  values ('C1', 'Snap One', 'a@x', 1.50, 12.5, 0.1, -7, '{a,NULL,b}', '{1,2}', '{1.50,2}',
    '{2024-02-29}', '{"k": 1.50}', '{"k": 1.50}', '2024-02-29', '13:14:15.123456', '13:14:15.123',
    '13:14:15.123456+02', '2024-02-29 13:14:15.123456', '2024-02-29 13:14:15.123',
    '2024-02-29 13:14:15.123456+02', '1 mon 2 days 03:04:05', '11111111-2222-3333-4444-555555555555',
    '\xdeadbeef', B'101010101010', B'1', 12.34, 9007199254740993, 'gold', '10.0.0.1', '[1,5)', 'ab',
    '{11111111-2222-3333-4444-555555555555}');
insert into customers (code, name) values ('C2', 'Snap Two');
insert into customers (id, code, name, d, ts, tstz) values (90, 'O', 'Old', '1582-10-10', '0001-01-01 00:00:00', '1582-10-10 00:00:00+00');
insert into customers (id, code, name, d, tstz) values (91, 'S', 'Snap infinity', 'infinity', '-infinity'), (92, 'S', 'Snap minus', '-infinity', 'infinity');
insert into customers_full select * from customers where id < 90;
insert into prices values ('S1', '2026-01-01', 1, 12.3400);
-- stream
insert into customers (code, name, email) values ('C3', 'Live Three', 'c@x');
update customers set email = 'z@x' where code = 'C1';
update customers set credit_limit = 250.5, notes = null where code = 'C2';
update customers_full set email = 'z@x' where code = 'C1';
update customers set id = 100 where code = 'C3';
delete from customers where code = 'C2';
delete from customers_full where code = 'C2';
insert into customers (code, name, risk, ratio, d, ts, tstz) values ('P', 'Plus', 'NaN', 'NaN', 'infinity', 'infinity', 'infinity');
insert into customers (code, name, ratio, d, ts, tstz) values ('M', 'Minus', '-Infinity', '-infinity', '-infinity', '-infinity');
insert into customers (code, name, d, ts, tstz) values ('E', 'Early', '0001-01-01', '0001-01-01 00:00:00', '0001-01-01 00:00:00+00');
insert into customers (code, name, d, ts, tstz) values ('L', 'Late', '9999-12-31', '9999-12-31 23:59:59.999999', '9999-12-31 23:59:59.999999+00');
insert into customers (code, name, d, ts, tstz) values ('G', 'Gregory', '1582-10-10', '1582-10-10 00:00:00', '1582-10-10 00:00:00+00');
insert into customers (code, name, d) values ('B', 'Before Christ', '0044-03-15 BC');
insert into customers (code, name, d, ts) values ('T', 'Ten thousand', '10000-01-01', '10000-01-01 00:00:00');
insert into customers (code, name, t, iv) values ('N', 'Negative', '24:00', '-1 mon -2 days -03:04:05.5');
insert into customers (code, name, i8, credit_limit, m) values ('Z', 'Limits', -9223372036854775808, -0.01, -1);
begin; select pg_logical_emit_message(true, 'mdmhub', '{"write_id":"w-1"}'); update customers set name = 'with message' where code = 'C1'; commit;
select pg_replication_origin_create('mdmhub_golden');
select pg_replication_origin_session_setup('mdmhub_golden');
begin; update customers set name = 'hub wrote' where code = 'C1'; commit;
select pg_replication_origin_session_reset();
select pg_replication_origin_drop('mdmhub_golden');
update customers set name = name where code = 'C1';
insert into prices values ('S2', '2026-02-01', 1, 0);
update prices set list = 2 where sku = 'S2';
delete from prices where sku = 'S2';
insert into toast select 1, 'a', rnd(400), array[rnd(400)], decode(rnd(400), 'hex'), to_jsonb(rnd(400)), (select array_agg(g) from generate_series(1, 3000) g), (select array_agg(g) from generate_series(1, 3000) g), (select array_agg(md5(g::text)::uuid) from generate_series(1, 600) g), (select array_agg(g + 0.5) from generate_series(1, 2000) g), repeat('123456789', 900)::numeric, null, 1;
update toast set n = 2 where id = 1;
update toast set big = 'small now', n = 3 where id = 1;
begin; insert into toast (id, big, n) values (2, 'b', 1); update toast set n = 2 where id = 2; delete from toast where id = 2; insert into toast (id, big, n) values (2, 'again', 9); commit;
insert into events values (1, '2026-05-05', 'through the root');
alter table customers add column later text default 'x';
update customers set later = 'y' where code = 'C1';
truncate events;
insert into debezium_signal values ('s1', 'execute-snapshot', '{"data-collections":["public.prices","public.customers"],"type":"incremental"}');
