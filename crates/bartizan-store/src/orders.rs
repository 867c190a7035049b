//! The orders in which a list can be had. Each is served by an index, but for endpoints by host on
//! PostgreSQL, whose hosts and paths can be longer than what an index there takes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sql::sorted::{
    Key::{self, Computed, Int, Text},
    Order, Sorted,
};

const ID: Key = Text("id");

/// Declares the orders of a list: word, direction of all keys, and the keys, unique together within a
/// scope.
macro_rules! orders {
    ($(#[$about:meta])* $name:ident {
        $($(#[$each:meta])* $variant:ident $word:literal $direction:ident [$($key:expr),+]),+ $(,)?
    }) => {
        $(#[$about])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema,
        )]
        pub enum $name {
            $($(#[$each])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// All orders.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in every output; descending ones begin with `-`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl Order for $name {
            fn sorted(self) -> Sorted {
                match self {
                    $(Self::$variant => Sorted::$direction($word, &[$($key),+])),+
                }
            }
        }
    };
}

/// What has no times stands before all others.
const FIRST_SEEN: Key = Computed("COALESCE(first_seen, 0)");
const LAST_SEEN: Key = Computed("COALESCE(last_seen, 0)");

orders!(
    /// Orders of endpoints. One that was never seen counts as seen before all others.
    EndpointOrder {
        /// By host, then path, then method.
        #[default]
        Host "host" up [Text("host"), Text("path"), Text("method"), ID],
        /// Least risk first.
        Risk "risk" up [Int("risk"), ID],
        /// Highest risk first.
        RiskDown "-risk" down [Int("risk"), ID],
        /// Those not seen for longest first.
        LastSeen "last_seen" up [LAST_SEEN, ID],
        /// Those seen last first.
        LastSeenDown "-last_seen" down [LAST_SEEN, ID],
        /// Oldest first.
        FirstSeen "first_seen" up [FIRST_SEEN, ID],
        /// Newest first.
        FirstSeenDown "-first_seen" down [FIRST_SEEN, ID],
        /// Least used first.
        Requests "requests" up [Int("requests"), ID],
        /// Most used first.
        RequestsDown "-requests" down [Int("requests"), ID],
    }
);

orders!(
    /// Orders of findings. Without times in their source they count as seen when they were recorded,
    /// and as first seen before all others.
    FindingOrder {
        /// Worst first, then latest first.
        #[default]
        SeverityDown "-severity" down [Int("severity"), Int("seen_at"), ID],
        /// The other way round.
        Severity "severity" up [Int("severity"), Int("seen_at"), ID],
        /// Those not seen for longest first.
        LastSeen "last_seen" up [Int("seen_at"), ID],
        /// Those seen last first.
        LastSeenDown "-last_seen" down [Int("seen_at"), ID],
        /// Oldest first.
        FirstSeen "first_seen" up [FIRST_SEEN, ID],
        /// Newest first.
        FirstSeenDown "-first_seen" down [FIRST_SEEN, ID],
    }
);

orders!(
    /// Orders of incidents.
    IncidentOrder {
        /// Worst first, then by score, then latest first.
        #[default]
        SeverityDown "-severity" down [Int("severity"), Int("score"), Int("seen_at"), ID],
        /// Those that ended first.
        LastSeen "last_seen" up [Int("seen_at"), ID],
        /// Those that ended last first.
        LastSeenDown "-last_seen" down [Int("seen_at"), ID],
        /// Least score first.
        Score "score" up [Int("score"), Int("seen_at"), ID],
        /// Highest score first, then latest first.
        ScoreDown "-score" down [Int("score"), Int("seen_at"), ID],
    }
);

orders!(
    /// Orders of detections.
    DetectionOrder {
        /// Latest first.
        #[default]
        LastSeenDown "-last_seen" down [Int("seen_at"), ID],
        /// Oldest first.
        LastSeen "last_seen" up [Int("seen_at"), ID],
        /// Worst first, then latest first.
        SeverityDown "-severity" down [Int("severity"), Int("seen_at"), ID],
    }
);

orders!(
    /// Orders of changes of the catalogue, by the time of the traffic.
    ChangeOrder {
        /// Latest first.
        #[default]
        TimeDown "-time" down [Int("seen_at"), ID],
        /// Oldest first.
        Time "time" up [Int("seen_at"), ID],
    }
);

orders!(
    /// Orders of journey graphs.
    JourneyOrder {
        /// Most sessions first.
        #[default]
        SessionsDown "-sessions" down [Int("sessions"), ID],
        /// Fewest sessions first.
        Sessions "sessions" up [Int("sessions"), ID],
        /// By host, then role.
        Host "host" up [Text("host"), Text("role"), ID],
        /// The other way round.
        HostDown "-host" down [Text("host"), Text("role"), ID],
    }
);

orders!(
    /// Orders of third parties.
    ThirdPartyOrder {
        /// Busiest first.
        #[default]
        RequestsDown "-requests" down [Int("requests"), ID],
        /// Least busy first.
        Requests "requests" up [Int("requests"), ID],
        /// Those called last first; what has no times after all others.
        LastSeenDown "-last_seen" down [Int("last_seen"), ID],
        /// Those called first first.
        LastSeen "last_seen" up [Int("last_seen"), ID],
        /// By host.
        Host "host" up [ID],
    }
);

orders!(
    /// Orders of actors.
    ActorOrder {
        /// Busiest first.
        #[default]
        RequestsDown "-requests" down [Int("requests"), ID],
        /// Least busy first.
        Requests "requests" up [Int("requests"), ID],
        /// Those in most detections first.
        DetectionsDown "-detections" down [Int("detections"), ID],
        /// Those in fewest detections first.
        Detections "detections" up [Int("detections"), ID],
        /// Those not seen for longest first.
        LastSeen "last_seen" up [Int("seen_at"), ID],
        /// Those seen last first.
        LastSeenDown "-last_seen" down [Int("seen_at"), ID],
    }
);

orders!(
    /// Orders of clients. Without times in their source they count as seen when they were recorded.
    ClientOrder {
        /// Busiest first.
        #[default]
        RequestsDown "-requests" down [Int("requests"), ID],
        /// Least busy first.
        Requests "requests" up [Int("requests"), ID],
        /// Those with most scopes that they do not need first.
        ScopesUnusedDown "-scopes_unused" down [Int("scopes_unused"), ID],
        /// Those with fewest first.
        ScopesUnused "scopes_unused" up [Int("scopes_unused"), ID],
        /// Those not seen for longest first.
        LastSeen "last_seen" up [Int("seen_at"), ID],
        /// Those seen last first.
        LastSeenDown "-last_seen" down [Int("seen_at"), ID],
    }
);

orders!(
    /// Orders of audit records.
    AuditOrder {
        /// As they were written.
        #[default]
        Sequence "sequence" up [Int("sequence")],
        /// Newest first.
        SequenceDown "-sequence" down [Int("sequence")],
    }
);
