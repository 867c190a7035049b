//! A whole list as lines of a table (CSV, RFC 4180), read and sent page by page.

use std::{future::Future, io};

use axum::{
    body::{Body, Bytes},
    http::header,
    response::{IntoResponse as _, Response},
};
use futures_util::stream::{self, StreamExt as _};

use super::{
    call::Call,
    list::Listed,
    operation::{Nothing, aside},
    problem::Problem,
    reply::{Reply, private},
};
use crate::output::csv::{self, Record};

/// Its media type (RFC 7111).
pub(super) const KIND: &str = "text/csv; charset=utf-8";

/// For the document.
pub(super) const ABOUT: &str = "`csv` gives all items under the filter as lines of a table, in the \
    order asked for, after a line with the names of its columns: at most 100,000, so a table with \
    100,000 lines may be cut off (the counts of the list's facets tell). It takes no `limit`, `after` \
    and `fields`. Cells that a spreadsheet would take for a formula begin with an apostrophe; characters \
    that are not seen are written as `‹U+202E›`";

/// Most lines of a table, its head not counted.
const MOST_LINES: usize = 100_000;
/// Lines that are read and sent at a time.
const AT_A_TIME: u32 = 1_000;

/// The list that `run` gives parts of, as the file `name`. What is wrong with the request shows in the
/// first page, which is read before anything is sent; a failure after that breaks the answer off.
pub(super) async fn answer<Q, O, T, F, Fut>(
    name: &'static str,
    mut call: Call<Q, Nothing, O>,
    run: F,
) -> Result<Response, Problem>
where
    Q: Clone + Send + Sync + 'static,
    O: Clone + Send + Sync + 'static,
    T: Record + Send + 'static,
    F: Fn(Call<Q, Nothing, O>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Reply<Listed<T>>, Problem>> + Send + 'static,
{
    if !call.part.is_whole() {
        return Err(Problem::invalid("a table takes no `limit`, `after` and `fields`"));
    }
    call.part.go_on(None, AT_A_TIME);
    let mut text = csv::head::<T>();
    let left = lines(&mut text, &run(call.clone()).await?.body, MOST_LINES);
    let next = left.map(|(left, after)| (left, after, call, run));
    let rest = stream::try_unfold(next, |next| async move {
        let Some((left, after, mut call, run)) = next else { return Ok(None) };
        call.part.go_on(Some(after), AT_A_TIME);
        let behind = call.api.0.behind.clone();
        let page = aside(&behind, run(call.clone())).await;
        let page = page.map_err(|problem| io::Error::other(problem.title))?;
        let mut text = String::new();
        let left = lines(&mut text, &page.body, left);
        Ok(Some((Bytes::from(text), left.map(|(left, after)| (left, after, call, run)))))
    });
    let begin = stream::iter([Ok::<_, io::Error>(Bytes::from(text))]);
    let headers = [
        (header::CONTENT_TYPE, KIND.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\"")),
    ];
    Ok((headers, private(), Body::from_stream(begin.chain(rest))).into_response())
}

/// Adds the lines of a page; how many more there may be, and behind what, when there are more.
fn lines<T: Record>(text: &mut String, page: &Listed<T>, left: usize) -> Option<(usize, String)> {
    page.items.iter().take(left).for_each(|item| csv::line(item, text));
    let left = left.saturating_sub(page.items.len());
    page.next.clone().filter(|_| left > 0).map(|after| (left, after))
}
