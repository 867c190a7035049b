//! Flows: operations that make sense in an order only, and not faster than a person goes through them.

use std::sync::{
    Arc,
    atomic::{
        AtomicBool,
        Ordering::{AcqRel, Acquire},
    },
};

use bartizan_model::{
    HashKey, KeyedHash, Mode,
    counters::{Pace, Rate, RateCounter, RateDecision},
};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    PolicyItem,
    config::Problem,
    nanos_now,
    pass::Stage,
    rate::{Anonymous, Caller, Each, RateBy, Who, throttled},
    record::Refusal,
    scope::{Reach, Scope, ScopeConfig, Wanted},
};
use crate::call::Call;

const SECOND: u64 = 1_000_000_000;
/// Most steps of a flow.
const STEPS: usize = 8;

/// The kind.
pub static ITEM: PolicyItem = PolicyItem {
    kind: "flow",
    title: "Flows",
    mode: Mode::Monitor,
    documentation: "\
Names operations that follow each other, such as a cart, a payment and an order, and refuses (409) a step whose \
one before it was not answered with success (2xx) for the same caller within `within_seconds`; `minimum_seconds` refuses (429) \
one that comes sooner behind it than a person could. When the last step has succeeded (2xx, 3xx), or nobody knows what \
came of it, all of them have to be gone through again; of two last steps of a caller at once, one is refused (409). How often a caller may get to the end is said by a `rate` or `quota` policy on the last step.

Steps are kept by whom a `rate` policy counts for, in memory, where rates are counted: a restart, and a table that is full, forget \
them, and the caller begins again. A request that may be read as several steps has to be allowed as each of them. \
It takes note of a step only where every reading of the request is that step; what may be read as the last one uses up \
those before it.",
    examples: &["\
name: checkout
mode: enforce
flow:
  by: principal
  steps:
    - {paths: [/v1/cart/items], methods: [POST]}
    - {paths: [/v1/payments], methods: [POST], minimum_seconds: 2}
    - {paths: [/v1/orders], methods: [POST], minimum_seconds: 1}
"],
};

/// Settings of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlowConfig {
    /// The steps in order, 2 to 8.
    pub steps: Vec<FlowStep>,
    /// Seconds within which a step has to follow the one before it, 1 to 604800.
    #[serde(default = "half_an_hour")]
    pub within_seconds: u32,
    /// Whose steps they are; `scope` makes no sense.
    #[serde(default = "principal")]
    pub by: RateBy,
}

const fn half_an_hour() -> u32 {
    1_800
}

const fn principal() -> RateBy {
    RateBy::Principal
}

/// A step of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlowStep {
    /// Paths, as in a scope.
    pub paths: Vec<String>,
    /// Methods, as in a scope. Default: all.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Least seconds behind the step before.
    #[serde(default)]
    pub minimum_seconds: u32,
}

/// A compiled flow.
#[derive(Debug)]
pub(crate) struct Flow {
    steps: Vec<(Scope, u64)>,
    within: u64,
    pace: Pace,
    who: Who,
    key: HashKey,
}

/// A step that a request is, if it succeeds.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pace: Pace,
    /// Under what it is kept; of the last one, that it is under way.
    key: KeyedHash,
    /// What is over when the last one has succeeded: all steps before it.
    ends: Vec<KeyedHash>,
    /// Of the last one.
    turn: Option<Arc<Turn>>,
}

/// That the last step of a caller is under way, of which there is one at a time: so that no two come of the same steps
/// before. It is not when this goes.
#[derive(Debug)]
struct Turn {
    counter: Arc<dyn RateCounter>,
    key: KeyedHash,
    pace: Pace,
    is_over: AtomicBool,
}

impl Turn {
    fn end(&self) {
        if !self.is_over.swap(true, AcqRel) {
            self.counter.forget(self.key, self.pace);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.end();
    }
}

impl Step {
    /// Takes the turn of the last one, if it is that. Before it is asked what came before it: of two at once the second
    /// one finds that this one is under way, or nothing before it. `None` when nobody knows.
    pub(crate) async fn begin(&mut self, counter: &Arc<dyn RateCounter>) -> Option<Begun> {
        if self.ends.is_empty() {
            return Some(Ok(()));
        }
        let taken = counter.count(self.key, self.pace, 1, nanos_now()).known().await?;
        if !taken.conforms {
            let title = "the same is under way already";
            return Some(Err(Refusal::deny(StatusCode::CONFLICT, "step-under-way", title)));
        }
        let (counter, is_over) = (Arc::clone(counter), AtomicBool::new(false));
        self.turn = Some(Arc::new(Turn { counter, key: self.key, pace: self.pace, is_over }));
        Some(Ok(()))
    }

    /// What became of a last step is known.
    fn end(&self, has_acted: bool) {
        let Some(turn) = &self.turn else { return };
        if has_acted && !turn.is_over.load(Acquire) {
            self.ends.iter().for_each(|ended| turn.counter.forget(*ended, self.pace));
        }
        // Behind that, so that none comes in between.
        turn.end();
    }
}

/// Whether a step may begin.
type Begun = Result<(), Refusal>;

/// All steps of an exchange.
#[derive(Clone, Debug, Default)]
pub(crate) struct Steps(pub(crate) Vec<Step>);

impl Flow {
    pub(crate) fn compile(name: &str, config: &FlowConfig, key: &HashKey) -> Result<Self, Problem> {
        if !(2..=STEPS).contains(&config.steps.len()) {
            return Err(Problem::new("steps", format!("expected 2 to {STEPS}")));
        }
        if !(1..=604_800).contains(&config.within_seconds) {
            return Err(Problem::new("within_seconds", "expected 1 to 604800"));
        }
        if config.by == RateBy::Scope {
            return Err(Problem::new("by", "a flow is somebody's"));
        }
        let within = u64::from(config.within_seconds) * SECOND;
        let mut steps = Vec::with_capacity(config.steps.len());
        for (at, step) in config.steps.iter().enumerate() {
            let at = |key: &str| format!("steps.{at}.{key}");
            if step.paths.is_empty() {
                return Err(Problem::new(at("paths"), "at least one is needed"));
            }
            if step.minimum_seconds >= config.within_seconds {
                return Err(Problem::new(
                    at("minimum_seconds"),
                    "expected less than `within_seconds`",
                ));
            }
            let FlowStep { paths, methods, .. } = step.clone();
            let scope = ScopeConfig { paths, methods, ..ScopeConfig::default() };
            let scope = Scope::compile(&scope);
            let scope = scope.map_err(|(key, problem)| Problem::new(at(key), problem))?;
            steps.push((scope, u64::from(step.minimum_seconds) * SECOND));
        }
        let pace = Rate::new(1, within, 1).map(Pace::Steady);
        let pace = pace.ok_or_else(|| Problem::new("within_seconds", "cannot be counted with"))?;
        let (each, anonymous) = (Each::Scope, Anonymous::Address);
        let who = Who { by: config.by, each, anonymous };
        let key = key.derive(&format!("flow {name} {pace:?}"));
        Ok(Self { steps, within, pace, who, key })
    }

    /// Notes what its steps ask about.
    pub(crate) fn note(&self, wanted: &mut Wanted) {
        self.steps.iter().for_each(|(scope, _)| scope.note(wanted));
    }

    /// What comparing an ordinary path with all steps takes.
    pub(crate) fn usual_work(&self) -> usize {
        self.steps.iter().map(|(scope, _)| scope.usual_work()).sum()
    }

    /// Steps that a request may be, and whether it is that however it is read.
    pub(crate) fn reached(&self, stage: &Stage) -> Vec<(usize, bool)> {
        let steps = self.steps.iter().enumerate();
        let steps = steps.map(|(at, (scope, _))| (at, stage.reach(scope)));
        steps.filter(|(_, reach)| *reach != Reach::Out).map(|(at, r)| (at, r.is_sure())).collect()
    }

    fn step_key(&self, at: usize, name: &[u8]) -> KeyedHash {
        self.key.hash(&format!("step {at}"), name)
    }

    /// Under what the step before one is kept; `None` for the first.
    pub(crate) fn before(&self, at: usize, caller: &Caller<'_>) -> Option<(KeyedHash, Pace)> {
        let name = self.who.name(caller)?;
        Some((self.step_key(at.checked_sub(1)?, &name), self.pace))
    }

    /// What is kept when the request succeeds.
    /// What only may be a step is kept where that restricts.
    pub(crate) fn step(&self, (at, is_sure): (usize, bool), caller: &Caller<'_>) -> Option<Step> {
        let is_last = at + 1 == self.steps.len();
        let name = self.who.name(caller).filter(|_| is_sure || is_last)?;
        let before = 0..if is_last { at } else { 0 };
        let ends = before.map(|at| self.step_key(at, &name)).collect();
        Some(Step { pace: self.pace, key: self.step_key(at, &name), ends, turn: None })
    }

    /// Whether a step may follow, given what is known of the one before it.
    pub(crate) fn check(&self, at: usize, before: &RateDecision) -> Result<(), Refusal> {
        if before.conforms {
            let title = "something else comes before this";
            return Err(Refusal::deny(StatusCode::CONFLICT, "step-missing", title));
        }
        let age = self.within.saturating_sub(before.reset_nanos);
        let least = self.steps.get(at).map_or(0, |(_, least)| *least);
        if age < least {
            let title = "this comes too soon behind what goes before it";
            let refusal = Refusal::deny(StatusCode::TOO_MANY_REQUESTS, "step-too-soon", title);
            return Err(throttled(refusal, (least - age).div_ceil(SECOND)));
        }
        Ok(())
    }
}

/// Takes note of how the steps of a request were answered.
pub(crate) fn answered(call: &mut Call, status: StatusCode, counter: &dyn RateCounter) {
    let Some(Steps(steps)) = call.extensions().remove::<Steps>() else { return };
    for step in steps {
        if !step.ends.is_empty() {
            step.end(status.is_success() || status.is_redirection());
        } else if status.is_success() {
            counter.forget(step.key, step.pace);
            counter.charge(step.key, step.pace, 1, nanos_now());
        }
    }
}

/// Takes note of the end of a request that was not answered.
pub(crate) fn ended(call: &Call) {
    let steps = call.extension::<Steps>().into_iter().flat_map(|steps| &steps.0);
    steps.for_each(|step| step.end(call.may_have_acted));
}

#[cfg(test)]
mod tests {
    use bartizan_model::counters::Counted;

    use super::*;
    use crate::policy::RateTable;

    fn compile(text: &str) -> Result<Flow, Problem> {
        let config: FlowConfig = serde_json::from_str(text).expect(text);
        Flow::compile("a", &config, &HashKey::new([1; 32]))
    }

    #[test]
    fn a_step_follows_in_time_and_not_too_soon() {
        let flow = compile(
            r#"{"steps": [{"paths": ["/a"]}, {"paths": ["/b"], "minimum_seconds": 2}], "within_seconds": 60}"#,
        )
        .expect("compiles");
        let (table, key) = (RateTable::default(), KeyedHash([5; 10]));
        let check = |seconds: u64| {
            let Counted::Now(before) = table.look(key, flow.pace, 1, seconds * SECOND) else {
                panic!("known at once")
            };
            flow.check(1, &before).map_err(|refusal| refusal.code)
        };
        assert_eq!(check(100), Err("step-missing"));
        table.charge(key, flow.pace, 1, 100 * SECOND);
        assert_eq!(check(101), Err("step-too-soon"));
        assert_eq!(check(102), Ok(()));
        assert_eq!(check(159), Ok(()));
        assert_eq!(check(160), Err("step-missing"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (text, key) in [
            (r#"{"steps": [{"paths": ["/a"]}]}"#, "steps"),
            (r#"{"steps": [{"paths": ["/a"]}, {"paths": []}]}"#, "steps.1.paths"),
            (r#"{"steps": [{"paths": ["a"]}, {"paths": ["/b"]}]}"#, "steps.0.paths"),
            (r#"{"steps": [{"paths": ["/a"]}, {"paths": ["/b"]}], "by": "scope"}"#, "by"),
            (
                r#"{"steps": [{"paths": ["/a"]}, {"paths": ["/b"]}], "within_seconds": 0}"#,
                "within_seconds",
            ),
            (
                r#"{"steps": [{"paths": ["/a"]}, {"paths": ["/b"], "minimum_seconds": 1800}]}"#,
                "steps.1.minimum_seconds",
            ),
        ] {
            assert_eq!(compile(text).err().map(|p| p.key), Some(key.to_owned()), "{text}");
        }
    }
}
