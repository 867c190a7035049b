-- The lab's tables. Everything lives in memory and is built anew at each reset.
create table tenants (id integer primary key, slug text not null, name text not null);
create table users (
    id integer primary key, tenant integer not null, role text not null, login text not null unique,
    password_hash text not null, name text not null, email text not null, phone text not null,
    iban text not null, api_key text not null, credit_limit integer not null default 1000,
    preferences text not null default '{}');
create table grants (
    token text primary key, user integer not null, kind text not null, expires integer not null,
    used integer not null default 0);
create table shipments (
    id integer primary key, tenant integer not null, owner integer not null, reference text not null,
    origin text not null, destination text not null, status text not null, weight_kg integer not null,
    declared_value integer not null, carrier_cost integer not null, margin integer not null,
    consignee text not null, consignee_phone text not null, notes text not null default '');
create table shares (shipment integer not null, user integer not null);
create table events (
    id integer primary key, shipment integer not null, tenant integer not null, owner integer not null,
    kind text not null, text text not null);
create table quotes (
    id integer primary key, tenant integer not null, owner integer not null, shipment integer not null,
    amount integer not null, currency text not null default 'EUR', status text not null);
create table invoices (
    id text primary key, number text not null, tenant integer not null, owner integer not null,
    shipment integer not null, amount integer not null, paid integer not null, status text not null);
create table documents (
    id integer primary key, tenant integer not null, owner integer not null, name text not null,
    content_type text not null, size integer not null, content text not null);
create table containers (
    id text primary key, tenant integer not null, owner integer not null, shipment integer not null,
    location text not null, release_pin text not null, released integer not null default 0);
create table declarations (
    id integer primary key, tenant integer not null, owner integer not null, goods text not null,
    value integer not null, status text not null);
create table contracts (
    id integer primary key, tenant integer not null, owner integer not null, title text not null,
    rate integer not null);
create table slots (
    id integer primary key, depot text not null, starts text not null, price integer not null,
    booked_by integer not null default 0);
create table vouchers (code text primary key, percent integer not null, uses integer not null);
create table depots (id integer primary key, name text not null, open integer not null);
create table ports (id integer primary key, code text not null, name text not null, country text not null);
create table notices (id integer primary key, title text not null, text text not null);
create table webhooks (
    id integer primary key, tenant integer not null, owner integer not null, url text not null,
    event text not null);
create table hook_deliveries (
    id text primary key, hook integer not null, event text not null, payload text not null,
    state text not null, attempts integer not null default 0, answer integer not null default 0);
create table deliveries (id text primary key, shipment integer not null, status text not null);
create table secrets (name text primary key, value text not null);
