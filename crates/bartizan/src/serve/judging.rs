//! By what exchanges are judged while serving goes on: what is configured, and the paths that people keep
//! apart, which the store has, for all servers that share it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use bartizan_analysis::{Catalog, Snapshot, catalog::KnownPath, endpoints::Part};
use bartizan_model::{EndpointId, Scope};
use bartizan_pipeline::live::{Desk, Orders, Question, orders};
use bartizan_store::{PathApart, Store};
use tokio::sync::oneshot;

/// How often it is looked what was decided elsewhere.
const LOOK: Duration = Duration::from_secs(10);
/// How long the judgement may take to answer a question.
const ANSWER: Duration = Duration::from_secs(10);

/// Changes by what exchanges are judged. What was learned stays, and nobody waits for it.
#[derive(Debug)]
pub(crate) struct Judging {
    desk: Desk,
    given: Mutex<Given>,
    /// Held while it is read what is kept apart, and until that is taken over.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Given {
    configured: Arc<Snapshot>,
    apart: Vec<String>,
}

impl Given {
    /// What is configured counts before what was decided.
    fn snapshot(&self) -> Arc<Snapshot> {
        if self.apart.is_empty() {
            return Arc::clone(&self.configured);
        }
        let mut catalog = Catalog::clone(&self.configured.catalog);
        // Each was read like this before it was kept.
        catalog.paths.extend(self.apart.iter().filter_map(|path| KnownPath::new(path).ok()));
        Arc::new(Snapshot { catalog: Arc::new(catalog), ..Snapshot::clone(&self.configured) })
    }
}

impl Judging {
    /// Begins with what is configured and was decided; beside it, what the judgement looks at.
    pub(crate) fn new(configured: Arc<Snapshot>, apart: Vec<PathApart>) -> (Self, Orders) {
        let given = Given { configured, apart: texts(apart) };
        let (desk, orders) = orders(given.snapshot());
        (Self { desk, given: Mutex::new(given), turn: tokio::sync::Mutex::default() }, orders)
    }

    /// By what exchanges are judged.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.desk.snapshot()
    }

    /// Takes over another configuration.
    pub(super) fn configure(&self, configured: Snapshot) {
        let mut given = self.given();
        given.configured = Arc::new(configured);
        self.desk.replace(given.snapshot());
    }

    /// Takes over what is kept apart now, as `read` tells it. One after the other: otherwise what was read before a
    /// decision could be taken over after what was read behind it, and the decision would not count for a while.
    pub(crate) async fn follow<E>(
        &self,
        read: impl Future<Output = Result<Vec<PathApart>, E>>,
    ) -> Result<(), E> {
        let _turn = self.turn.lock().await;
        self.keep_apart(read.await?);
        Ok(())
    }

    fn keep_apart(&self, apart: Vec<PathApart>) {
        let apart = texts(apart);
        let mut given = self.given();
        if given.apart != apart {
            given.apart = apart;
            self.desk.replace(given.snapshot());
        }
    }

    /// What merges took into an endpoint and can be kept apart, as it is learned here; `None` when the
    /// judgement has too much to do, or ends.
    pub(crate) async fn parts(&self, endpoint: EndpointId) -> Option<Vec<Part>> {
        let (say, heard) = oneshot::channel();
        // Who asked may be gone by then.
        let answer = Box::new(move |parts| drop(say.send(parts)));
        if !self.desk.ask(Question { endpoint, answer }) {
            return None;
        }
        tokio::time::timeout(ANSWER, heard).await.ok()?.ok()
    }

    fn given(&self) -> MutexGuard<'_, Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn texts(apart: Vec<PathApart>) -> Vec<String> {
    apart.into_iter().map(|one| one.path).collect()
}

/// Takes over what is decided on other servers that share the store, as long as this one goes on.
pub(super) async fn keep_up(judging: Weak<Judging>, store: Weak<dyn Store>, scope: Scope) {
    let mut told = false;
    loop {
        tokio::time::sleep(LOOK).await;
        let (Some(judging), Some(store)) = (judging.upgrade(), store.upgrade()) else { return };
        match judging.follow(store.paths_apart(&scope)).await {
            Ok(()) => {}
            Err(error) if !std::mem::replace(&mut told, true) => {
                anstream::eprintln!("warning: paths that are kept apart cannot be read: {error}");
            }
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use bartizan_model::HashKey;

    use super::*;

    fn snapshot(paths: &[&str]) -> Snapshot {
        let paths = paths.iter().map(|path| KnownPath::new(path).expect("a path")).collect();
        let catalog = Arc::new(Catalog { paths, ..Catalog::default() });
        Snapshot { catalog, ..Snapshot::new(Scope::default(), HashKey::new([1; 32])) }
    }

    fn apart(path: &str) -> PathApart {
        PathApart { path: path.to_owned(), endpoint: EndpointId::from_text("ep_a") }
    }

    /// The path by which a request counts.
    fn counts_as(judging: &Judging, segments: &[&str]) -> Option<String> {
        judging.snapshot().catalog.path_of("h.example", segments).map(str::to_owned)
    }

    #[test]
    fn what_was_decided_outlives_a_reload_and_what_is_configured_counts_first() {
        let (judging, orders) =
            Judging::new(Arc::new(snapshot(&[])), vec![apart("h.example/a/me")]);
        assert_eq!(counts_as(&judging, &["a", "me"]).as_deref(), Some("/a/me"), "at the start");
        judging.configure(snapshot(&["h.example/b/me"]));
        judging.keep_apart(vec![apart("h.example/a/me"), apart("h.example/a/all")]);
        for (path, expected) in [("me", "/a/me"), ("all", "/a/all")] {
            assert_eq!(counts_as(&judging, &["a", path]).as_deref(), Some(expected));
        }
        assert_eq!(counts_as(&judging, &["b", "me"]).as_deref(), Some("/b/me"));
        let before = orders.snapshot();
        judging.keep_apart(vec![apart("h.example/a/me"), apart("h.example/a/all")]);
        assert!(Arc::ptr_eq(&before, &orders.snapshot()), "nothing changed");
        judging.configure(snapshot(&["*/a/{name}"]));
        assert_eq!(counts_as(&judging, &["a", "me"]).as_deref(), Some("/a/{name}"));
    }

    #[tokio::test]
    async fn what_was_read_before_a_decision_does_not_undo_it() {
        let (judging, _orders) = Judging::new(Arc::new(snapshot(&[])), Vec::new());
        // It was read that nothing is kept apart, and the answer is slow.
        let slow = async {
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            Ok::<_, ()>(Vec::new())
        };
        let decided = async { Ok::<_, ()>(vec![apart("h.example/a/me")]) };
        let (first, second) = tokio::join!(judging.follow(slow), judging.follow(decided));
        assert_eq!((first, second), (Ok(()), Ok(())));
        assert_eq!(counts_as(&judging, &["a", "me"]).as_deref(), Some("/a/me"));
    }

    #[tokio::test]
    async fn questions_are_answered_as_long_as_somebody_judges() {
        let (judging, orders) = Judging::new(Arc::new(snapshot(&[])), Vec::new());
        let judge = std::thread::spawn(move || {
            let Question { endpoint, answer } = orders.wait().expect("asked");
            answer(vec![Part {
                id: endpoint,
                method: "GET".to_owned(),
                written: "h/a".to_owned(),
            }]);
        });
        let parts = judging.parts(EndpointId::from_text("ep_a")).await.expect("answered");
        assert_eq!((parts.len(), parts[0].id.as_str()), (1, "ep_a"));
        judge.join().expect("ended");
        assert_eq!(judging.parts(EndpointId::from_text("ep_a")).await, None);
    }
}
