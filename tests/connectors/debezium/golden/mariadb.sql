-- before the connectors start: this is the snapshot
create table prices (
  id int auto_increment primary key, sku varchar(20) not null, price decimal(10,4) not null default 1.5,
  cur char(3) default 'USD', flag tinyint(1), b1 bit(1), b12 bit(12), big bigint unsigned, med mediumint unsigned,
  n int unsigned, small smallint, f float, dbl double, d date, t time(6), t0 time, dt datetime(6), dt3 datetime(3),
  dt0 datetime, ts timestamp(6) null, ts0 timestamp null, y year, e enum('a','b'), s set('x','y'), j json, bl blob,
  vb varbinary(10), fb binary(4), tx text);
create table names (lang char(2), sku varchar(20), name text, primary key (sku, lang));
create table debezium_signal (id varchar(64) primary key, type varchar(32) not null, data varchar(2048));
insert into prices (sku,price,flag,b1,b12,big,med,n,small,f,dbl,d,t,t0,dt,dt3,dt0,ts,ts0,y,e,s,j,bl,vb,fb,tx) values ('S1', 12.3400, 1, b'1', b'101010101010', 18446744073709551615, 16777215, 4294967295, -32768, 1.5, 0.1, '2024-02-29', '13:14:15.123456', '13:14:15', '2024-02-29 13:14:15.123456', '2024-02-29 13:14:15.123', '2024-02-29 13:14:15', '2024-02-29 13:14:15.123456', '2024-02-29 13:14:15', 2024, 'b', 'x,y', '{"a":1}', x'deadbeef', x'00ff', x'01', 'long text ü');
insert into names values ('de', 'S1', 'Hammer');
-- stream
insert into prices (sku) values ('S2');
update prices set price = 14.9999 where id = 1;
update prices set cur = null where id = 2;
update prices set id = 50 where id = 2;
delete from prices where id = 50;
set @@session.server_id = 4242;
update prices set price = 16 where id = 1;
set @@session.server_id = 77;
insert into prices (sku, t, t0) values ('NEG', '-12:30:00.5', '-12:30:00');
insert into prices (sku, t, t0) values ('LONG', '838:59:59', '838:59:59');
set sql_mode = '';
insert into prices (sku, d, dt, dt0, ts) values ('ZERO', '0000-00-00', '0000-00-00', '0000-00-00', '0000-00-00');
insert into prices (sku, d, dt) values ('MONTH', '2024-00-00', '2024-05-00');
insert into prices (sku, d, dt) values ('EARLY', '0001-01-01', '0001-01-01');
insert into prices (sku, d, dt) values ('LATE', '9999-12-31', '9999-12-31 23:59:59.999999');
insert into prices (sku, d, dt) values ('GREG', '1582-10-10', '1582-10-10');
insert into prices (sku, big, price) values ('HALF', 9223372036854775808, -0.0001);
begin;
insert into names values ('en', 'S1', 'hammer'), ('fr', 'S1', 'marteau');
update names set lang = 'it' where lang = 'fr';
delete from names where lang = 'en';
commit;
alter table prices add column later varchar(10) default 'x';
update prices set later = 'y' where id = 1;
insert into prices (sku, tx) values ('NUL', 'a\0b');
truncate names;
insert into debezium_signal values ('s1', 'execute-snapshot', '{"data-collections":["golden.names","golden.prices"],"type":"incremental"}');
