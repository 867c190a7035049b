//! The one mapping between OWASP API Security Top 10 (2023 and 2019), CWE and MITRE ATT&CK.
//!
//! Items name entries of these tables; a test refuses dangling ids. Sources: OWASP API Security
//! Top 10 2023 and 2019, CWE 4.x, ATT&CK v17.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

/// A weakness by its CWE number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cwe(pub u16);

/// A technique of MITRE ATT&CK.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Attack(pub &'static str);

/// A category of the OWASP API Security Top 10 of 2023.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owasp {
    /// Broken object level authorization.
    Api1,
    /// Broken authentication.
    Api2,
    /// Broken object property level authorization.
    Api3,
    /// Unrestricted resource consumption.
    Api4,
    /// Broken function level authorization.
    Api5,
    /// Unrestricted access to sensitive business flows.
    Api6,
    /// Server side request forgery.
    Api7,
    /// Security misconfiguration.
    Api8,
    /// Improper inventory management.
    Api9,
    /// Unsafe consumption of APIs.
    Api10,
}

/// One row of the mapping.
#[derive(Clone, Copy, Debug)]
pub struct Category {
    /// The category.
    pub owasp: Owasp,
    /// Its name.
    pub title: &'static str,
    /// Categories of 2019 that it continues.
    pub owasp_2019: &'static [&'static str],
    /// Weaknesses that may be filed under it.
    pub cwe: &'static [Cwe],
    /// Techniques that may be filed under it.
    pub attack: &'static [Attack],
}

const fn cwe<const N: usize>(numbers: [u16; N]) -> [Cwe; N] {
    let mut out = [Cwe(0); N];
    let mut i = 0;
    while i < N {
        out[i] = Cwe(numbers[i]);
        i += 1;
    }
    out
}

const EXPLOIT: Attack = Attack("T1190");

/// The mapping, one row per category of 2023.
pub static CATEGORIES: &[Category] = &[
    Category {
        owasp: Owasp::Api1,
        title: "Broken object level authorization",
        owasp_2019: &["API1:2019"],
        cwe: &cwe([639, 863, 340, 284]),
        attack: &[EXPLOIT, Attack("T1530")],
    },
    Category {
        owasp: Owasp::Api2,
        title: "Broken authentication",
        owasp_2019: &["API2:2019"],
        cwe: &cwe([
            287, 306, 307, 345, 347, 384, 522, 523, 598, 613, 614, 1004, 1275, 521, 319, 312, 798,
            200,
        ]),
        attack: &[
            Attack("T1110.003"),
            Attack("T1110.004"),
            Attack("T1110"),
            Attack("T1078"),
            Attack("T1550.001"),
            Attack("T1539"),
            Attack("T1552"),
            EXPLOIT,
        ],
    },
    Category {
        owasp: Owasp::Api3,
        title: "Broken object property level authorization",
        owasp_2019: &["API3:2019", "API6:2019"],
        cwe: &cwe([213, 915, 200, 201, 359, 522, 312]),
        attack: &[EXPLOIT, Attack("T1552"), Attack("T1530")],
    },
    Category {
        owasp: Owasp::Api4,
        title: "Unrestricted resource consumption",
        owasp_2019: &["API4:2019"],
        cwe: &cwe([770, 400, 799]),
        attack: &[Attack("T1499"), Attack("T1530"), Attack("T1119")],
    },
    Category {
        owasp: Owasp::Api5,
        title: "Broken function level authorization",
        owasp_2019: &["API5:2019"],
        cwe: &cwe([285, 862, 306]),
        attack: &[EXPLOIT],
    },
    Category {
        owasp: Owasp::Api6,
        title: "Unrestricted access to sensitive business flows",
        owasp_2019: &[],
        cwe: &cwe([837, 841, 799]),
        attack: &[Attack("T1110.004"), Attack("T1119"), Attack("T1213")],
    },
    Category {
        owasp: Owasp::Api7,
        title: "Server side request forgery",
        owasp_2019: &[],
        cwe: &cwe([918]),
        attack: &[EXPLOIT, Attack("T1552.005")],
    },
    Category {
        owasp: Owasp::Api8,
        title: "Security misconfiguration",
        owasp_2019: &["API7:2019", "API8:2019"],
        cwe: &cwe([
            16, 22, 78, 79, 89, 94, 200, 209, 215, 319, 345, 351, 436, 444, 489, 497, 523, 524,
            525, 538, 548, 611, 614, 650, 668, 693, 749, 942, 1004, 1021, 1275, 650, 598, 116, 352,
            20,
        ]),
        attack: &[
            EXPLOIT,
            Attack("T1595.002"),
            Attack("T1595.003"),
            Attack("T1083"),
            Attack("T1059"),
            Attack("T1557"),
            Attack("T1592"),
        ],
    },
    Category {
        owasp: Owasp::Api9,
        title: "Improper inventory management",
        owasp_2019: &["API9:2019"],
        cwe: &cwe([1059, 1053, 1104, 489]),
        attack: &[Attack("T1595.003"), Attack("T1595.002")],
    },
    Category {
        owasp: Owasp::Api10,
        title: "Unsafe consumption of APIs",
        owasp_2019: &[],
        cwe: &cwe([20, 319, 346]),
        attack: &[Attack("T1199")],
    },
];

/// API10:2019 (insufficient logging and monitoring, CWE-778) has no successor in 2023.
pub const LOGGING_2019: (&str, Cwe) = ("API10:2019", Cwe(778));

impl Owasp {
    /// Its row of the mapping.
    #[must_use]
    pub fn category(self) -> &'static Category {
        &CATEGORIES[self as usize]
    }

    /// For example `API1:2023`.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Api1 => "API1:2023",
            Self::Api2 => "API2:2023",
            Self::Api3 => "API3:2023",
            Self::Api4 => "API4:2023",
            Self::Api5 => "API5:2023",
            Self::Api6 => "API6:2023",
            Self::Api7 => "API7:2023",
            Self::Api8 => "API8:2023",
            Self::Api9 => "API9:2023",
            Self::Api10 => "API10:2023",
        }
    }

    /// The id of 2023 followed by those of 2019 that it continues.
    #[must_use]
    pub fn ids(self) -> Vec<String> {
        let older = self.category().owasp_2019.iter().copied();
        std::iter::once(self.id()).chain(older).map(str::to_owned).collect()
    }
}

impl JsonSchema for Owasp {
    fn schema_name() -> Cow<'static, str> {
        "Owasp".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "description": "Id of the OWASP API Security Top 10, for example API2:2023"})
    }
}

impl Serialize for Owasp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

impl fmt::Display for Cwe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CWE-{}", self.0)
    }
}

impl JsonSchema for Cwe {
    fn schema_name() -> Cow<'static, str> {
        "Cwe".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "description": "For example CWE-287"})
    }
}

impl Serialize for Cwe {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_the_order_of_the_enum() {
        for (i, row) in CATEGORIES.iter().enumerate() {
            assert_eq!(row.owasp as usize, i);
            assert!(row.owasp.id().starts_with(&format!("API{}:", i + 1)));
            assert!(!row.cwe.is_empty() && !row.attack.is_empty(), "{}", row.title);
        }
        assert_eq!(CATEGORIES.len(), 10);
    }

    #[test]
    fn attack_ids_have_the_form_of_techniques() {
        for technique in CATEGORIES.iter().flat_map(|row| row.attack) {
            let digits = technique.0.trim_start_matches('T').replace('.', "");
            assert!(digits.len() == 4 || digits.len() == 7, "{}", technique.0);
            assert!(digits.bytes().all(|b| b.is_ascii_digit()), "{}", technique.0);
        }
    }
}
