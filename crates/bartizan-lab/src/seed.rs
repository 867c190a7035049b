//! What is in the lab after a reset: two freight forwarders on one platform, their people,
//! customers and shipments. All of it is invented; numbers follow from the seed, the people below
//! do not.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::random::Random;

/// What a user may do. Each role may do all that the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Ships goods; sees what is theirs.
    Customer,
    /// Works for the forwarder; sees all shipments of the own tenant.
    Clerk,
    /// Also approves, releases and refunds.
    Manager,
    /// Also manages users.
    Admin,
}

impl Role {
    /// The name, as the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Clerk => "clerk",
            Self::Manager => "manager",
            Self::Admin => "admin",
        }
    }

    /// The role of that name; anything else is a customer.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let all = [Self::Clerk, Self::Manager, Self::Admin];
        all.into_iter().find(|role| role.name() == name).unwrap_or(Self::Customer)
    }
}

/// A user that is always there.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// Row number.
    pub id: i64,
    /// 1 (`alder`) or 2 (`brine`).
    pub tenant: i64,
    /// The role.
    pub role: Role,
    /// What is typed at the login; [`password`] follows from it.
    pub login: &'static str,
}

const fn person(id: i64, tenant: i64, role: Role, login: &'static str) -> Person {
    Person { id, tenant, role, login }
}

/// The people whom proofs and tests speak as.
pub const PEOPLE: &[Person] = &[
    person(1, 1, Role::Customer, "ada"),
    person(2, 1, Role::Customer, "abel"),
    person(3, 1, Role::Clerk, "anouk"),
    person(4, 1, Role::Manager, "arne"),
    person(5, 1, Role::Admin, "amir"),
    person(6, 2, Role::Customer, "bea"),
    person(7, 2, Role::Customer, "basil"),
    person(8, 2, Role::Clerk, "boris"),
    person(9, 2, Role::Manager, "britt"),
    person(10, 2, Role::Admin, "bruno"),
];

/// Further customers, `customer101` to this number: the population of the traffic player.
pub const LAST_CUSTOMER: i64 = 160;
/// Shipments are numbered from 1001 to this number.
pub const LAST_SHIPMENT: i64 = 1240;

/// The password of a user.
#[must_use]
pub fn password(login: &str) -> String {
    format!("{login}-quay-2026")
}

/// The API key of a user.
#[must_use]
pub fn api_key(login: &str) -> String {
    format!("qk_{}", &digest(&format!("key {login}"))[..24])
}

/// SHA-256 in hexadecimal. Fast on purpose: the lab's passwords protect nothing.
#[must_use]
pub fn digest(text: &str) -> String {
    let mut out = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// The key that access tokens are signed with (HS256), for whoever is to verify them beside the lab.
#[must_use]
pub fn signing_key(seed: u64) -> String {
    digest(&format!("signing key {seed}"))
}

/// The key that hooks of the carrier are signed with, for whoever is to verify them beside the lab. It follows from
/// these words alone, so that a proof can hold a delivery that was recorded.
#[must_use]
pub fn carrier_key() -> String {
    digest("carrier key")
}

/// The statements that fill the tables.
#[must_use]
pub fn sql(seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut out = String::from("begin;\n");
    out.push_str(
        "insert into tenants values (1,'alder','Alder Freight'),(2,'brine','Brine Lines');\n",
    );
    users(&mut out, &mut random);
    shipments(&mut out, &mut random);
    records(&mut out, &mut random);
    reference(&mut out, &mut random);
    out.push_str("commit;\n");
    out
}

fn users(out: &mut String, random: &mut Random) {
    let mut add = |id: i64, tenant: i64, role: &str, login: &str, secret: &str| {
        let name = format!("{} {}", capital(login), random.pick(FAMILY_NAMES));
        let phone = format!("+4930{:07}", random.between(1_000_000, 9_999_999));
        let iban = iban(random.between(1_000_000_000, 9_999_999_999));
        let (hash, key) = (digest(secret), api_key(login));
        let _ = writeln!(
            out,
            "insert into users values ({id},{tenant},'{role}','{login}','{hash}','{name}',\
             '{login}@quayside.example','{phone}','{iban}','{key}',1000,'{{}}');"
        );
    };
    for p in PEOPLE {
        add(p.id, p.tenant, p.role.name(), p.login, &password(p.login));
    }
    // Left over from the installation.
    add(11, 1, "admin", "setup", "setup");
    for id in 101..=LAST_CUSTOMER {
        let login = format!("customer{id}");
        add(id, 1 + id % 2, "customer", &login, &password(&login));
    }
}

fn shipments(out: &mut String, random: &mut Random) {
    for id in 1001..=LAST_SHIPMENT {
        // The first ones belong to the people above, in turn: ada, abel, bea, basil.
        let (owner, tenant) = match id {
            1001 | 1005 => (1, 1),
            1002 | 1006 => (2, 1),
            1003 | 1007 => (6, 2),
            1004 | 1008 => (7, 2),
            _ => {
                let customer = 101 + (id - 1009) % (LAST_CUSTOMER - 100);
                (customer, 1 + customer % 2)
            }
        };
        let origin = random.pick(PLACES);
        let destination = random.pick(PLACES);
        let status = random.pick(&["booked", "in_transit", "at_depot", "delivered"]);
        let weight = random.between(40, 24_000);
        let value = random.between(500, 250_000);
        let cost = random.between(200, 9_000);
        let margin = random.between(30, 900);
        let consignee = random.pick(FAMILY_NAMES);
        let phone = format!("+3120{:07}", random.between(1_000_000, 9_999_999));
        let _ = writeln!(
            out,
            "insert into shipments values ({id},{tenant},{owner},'QS-{id}','{origin}',\
             '{destination}','{status}',{weight},{value},{cost},{margin},'{consignee}','{phone}','');"
        );
        let pin = random.between(1000, 9999);
        let _ = writeln!(
            out,
            "insert into containers values ('QSCU{id}',{tenant},{owner},{id},'{origin}','{pin}',0);"
        );
        for kind in ["booked", "loaded"] {
            let _ = writeln!(
                out,
                "insert into events(shipment,tenant,owner,kind,text) values \
                 ({id},{tenant},{owner},'{kind}','QS-{id} {kind} at {origin}');"
            );
        }
        let uuid = random.uuid();
        let _ = writeln!(
            out,
            "insert into invoices values ('{uuid}','INV-{id}',{tenant},{owner},{id},{value},0,'open');"
        );
    }
    // Ada lets bea, of the other tenant, follow one shipment. By design.
    out.push_str("insert into shares values (1005,6);\n");
}

fn records(out: &mut String, random: &mut Random) {
    let owners = [(1, 1), (2, 1), (6, 2), (7, 2)];
    for (at, (owner, tenant)) in owners.into_iter().enumerate() {
        let shipment = 1001 + at;
        let (document, quote) = (501 + at, 701 + at);
        let content = format!("packing list of QS-{shipment}, {} crates", random.between(2, 90));
        let _ = writeln!(
            out,
            "insert into documents values ({document},{tenant},{owner},'packing-{shipment}.txt',\
             'text/plain',{},'{content}');",
            content.len()
        );
        for (id, status) in [(quote, "approved"), (quote + 10, "draft")] {
            let amount = random.between(400, 9_000);
            let _ = writeln!(
                out,
                "insert into quotes values ({id},{tenant},{owner},{shipment},{amount},'EUR','{status}');"
            );
        }
        let goods = random.pick(&["ceramics", "bicycles", "coffee", "pumps"]);
        let value = random.between(900, 90_000);
        let _ = writeln!(
            out,
            "insert into declarations values ({},{tenant},{owner},'{goods}',{value},'lodged');",
            801 + at
        );
        let _ = writeln!(
            out,
            "insert into contracts values ({},{tenant},{owner},'Frame contract {shipment}',{});",
            901 + at,
            random.between(100, 700)
        );
    }
}

fn reference(out: &mut String, random: &mut Random) {
    for id in 1..=40 {
        let depot = random.pick(PLACES);
        let (day, hour) = (1 + id / 8, 6 + id % 8);
        let _ = writeln!(
            out,
            "insert into slots values ({id},'{depot}','2026-12-{day:02}T{hour:02}:00:00Z',40,0);"
        );
    }
    out.push_str(
        "insert into vouchers values ('HARBOUR10',10,1),('WINTER15',15,1),('CREW25',25,1);\n",
    );
    for (at, place) in PLACES.iter().take(4).enumerate() {
        let _ = writeln!(out, "insert into depots values ({},'{place}',1);", at + 1);
    }
    for id in 1..=300 {
        let country = random.pick(&["DE", "NL", "BE", "DK", "SE", "NO", "PL", "EE"]);
        let place = random.pick(PLACES);
        let _ = writeln!(
            out,
            "insert into ports values ({id},'{country}{id:03}','{place} quay {id}','{country}');"
        );
    }
    for (at, title) in ["Holiday hours", "New customs form", "Storm warning"].iter().enumerate() {
        let _ = writeln!(
            out,
            "insert into notices values ({},'{title}','For everybody: {title}.');",
            at + 1
        );
    }
    // Words that a tester may take for an error of the database.
    out.push_str(
        "insert into notices values (4,'Release notes','\"You have an error in your SQL syntax\" \
         was a message of the old system.');\n",
    );
    let vault = random.hex(16);
    let _ = writeln!(out, "insert into secrets values ('vault','vault-{vault}');");
}

/// A German account number with the right check digits (ISO 13616).
fn iban(account: u64) -> String {
    let bank = 10_010_010u64;
    let rest = u128::from(bank) * 10_000_000_000 + u128::from(account);
    // D = 13, E = 14, then 00 for the digits to be found.
    let check = 98 - (rest * 1_000_000 + 131_400) % 97;
    format!("DE{check:02}{bank:08}{account:010}")
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |c| c.to_uppercase().chain(letters).collect())
}

const FAMILY_NAMES: &[&str] = &[
    "Aalto", "Bakker", "Corvin", "Dahl", "Eklund", "Fjeld", "Groot", "Hassel", "Ivarsen", "Jansma",
    "Kask", "Lind", "Maas", "Noor", "Oja", "Pihl", "Ruus", "Saar", "Tamm", "Veld",
];

const PLACES: &[&str] = &[
    "Hamburg",
    "Rotterdam",
    "Antwerp",
    "Tallinn",
    "Gdansk",
    "Aarhus",
    "Bergen",
    "Malmo",
    "Bremen",
    "Turku",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_fills_the_same_tables() {
        assert_eq!(sql(1), sql(1));
        assert_ne!(sql(1), sql(2));
    }

    #[test]
    fn account_numbers_have_right_check_digits() {
        let text = iban(1_234_567_890);
        let digits = format!("{}1314{}", &text[4..], &text[2..4]);
        let rest = digits.bytes().fold(0u64, |rest, d| (rest * 10 + u64::from(d - b'0')) % 97);
        assert_eq!(rest, 1);
    }
}
