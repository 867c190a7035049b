//! What is told in the terminal, and when.

use std::{collections::BTreeSet, fmt::Write as _, io::IsTerminal as _, time::Instant};

use bartizan_lab::{
    flaws::FLAWS,
    player::story::{CHAPTERS, MINUTES},
};
use zeroize::Zeroizing;

use super::{
    found::{ChapterFound, Found, IncidentFound},
    stage::Stage,
};
use crate::{
    commands::{CommandError, terminal::write_out},
    output::text::safe,
};

/// Columns of prose.
const WIDTH: usize = 88;
/// Column that everything but times and titles begins in.
const INDENT: &str = "       ";

/// Tells the story.
pub(super) struct Teller {
    /// Address of the dashboard.
    pub(super) address: String,
    began: Instant,
    is_silent: bool,
    has_shown_pages: bool,
    has_concluded: bool,
    /// Chapter and detector of what was told.
    told: BTreeSet<(usize, &'static str)>,
    incidents: BTreeSet<String>,
}

impl Teller {
    pub(super) fn new(stage: &Stage, is_silent: bool) -> Self {
        Self {
            address: format!("http://{}", stage.serving.admin_address()),
            began: Instant::now(),
            is_silent,
            has_shown_pages: false,
            has_concluded: false,
            told: BTreeSet::new(),
            incidents: BTreeSet::new(),
        }
    }

    fn say(&self, text: &str) -> Result<(), CommandError> {
        match self.is_silent {
            true => Ok(()),
            false => write_out(None, text.as_bytes()),
        }
    }

    fn time(&self) -> String {
        let seconds = self.began.elapsed().as_secs();
        format!("{:>2}:{:02}", seconds / 60, seconds % 60)
    }

    /// Where everything is, and how to get in.
    pub(super) fn greet(&self, stage: &Stage, speed: f64) -> Result<(), CommandError> {
        let gateway = stage.serving.gateway().addresses().first().map(ToString::to_string);
        let seconds = (f64::from(MINUTES) * 60.0 / speed).round();
        let store = stage.folder.path().display();
        let stays = if stage.folder.is_temporary() { "goes away at the end" } else { "stays" };
        self.say(&format!(
            "\nQuayside, an invented freight platform with {} planted flaws, behind Bartizan.\n\
             A story in {} chapters, {seconds} seconds; Ctrl-C ends it.\n\n  \
             dashboard   {}\n  log in as   {}\n  traffic     http://{}, to the lab on {}\n  \
             store       {store}, {stays}\n",
            FLAWS.len(),
            CHAPTERS.len(),
            self.address,
            who(stage),
            gateway.unwrap_or_default(),
            stage.lab,
        ))
    }

    /// A chapter begins.
    pub(super) fn chapter(&self, at: usize) -> Result<(), CommandError> {
        let Some(chapter) = CHAPTERS.get(at) else { return Ok(()) };
        self.say(&format!(
            "\n{}  {}/{} {}\n{}",
            self.time(),
            at + 1,
            CHAPTERS.len(),
            chapter.title,
            wrapped(chapter.text)
        ))
    }

    /// What the store has since it was last looked at.
    pub(super) fn news(&mut self, found: &Found) -> Result<(), CommandError> {
        let mut text = String::new();
        if !self.has_shown_pages && found.endpoints > 0 {
            self.has_shown_pages = true;
            pages(&mut text, found, &self.address);
        }
        for incident in &found.incidents {
            if self.incidents.insert(incident.id.to_string()) {
                line(&mut text, &format!("incident: {}", summary(incident)));
                line(&mut text, &format!("  {}", incident.page));
            }
        }
        for chapter in &found.chapters {
            for one in &chapter.declared {
                if one.title.is_some() && self.told.insert((chapter.at, one.detector)) {
                    line(&mut text, &format!("seen: chapter {}, {}", chapter.at + 1, of(one)));
                }
            }
        }
        if text.is_empty() { Ok(()) } else { self.say(&format!("{}{}", self.time(), &text[5..])) }
    }

    /// The story is over, and the store has all of it.
    pub(super) fn conclude(&mut self, found: &Found) -> Result<(), CommandError> {
        self.has_concluded = !self.is_silent;
        let text = conclusion(found, &self.address);
        self.say(&format!(
            "\n{}  The story is over.\n\n{text}\nThe intruder goes on, slowly: {}/live. Ctrl-C ends \
             everything.\n",
            self.time(),
            self.address
        ))
    }

    /// The demo is over.
    pub(super) fn farewell(&self, found: &Found) -> Result<(), CommandError> {
        if self.has_concluded {
            return self.say(&format!("\nended: {} incidents in all\n", found.incidents.len()));
        }
        write_out(None, format!("\n{}", conclusion(found, &self.address)).as_bytes())
    }
}

/// Whoever sees the terminal may read the file too. So the password is shown on a terminal, when all that
/// it opens is on this machine and goes away with the process; a pipe may lead into a log, which never
/// gets it.
fn who(stage: &Stage) -> String {
    let Some(path) = stage.serving.first_password() else { return "admin".to_owned() };
    let is_here = stage.serving.admin_address().ip().is_loopback();
    if stage.folder.is_temporary() && is_here && std::io::stdout().is_terminal() {
        let text = std::fs::read_to_string(path).map(Zeroizing::new);
        if let Ok(password) = text {
            return format!("admin, with {} (for this demo only)", password.trim());
        }
    }
    format!("admin, with the password that `cat {}` shows", path.display())
}

/// What is worth a look before anything happens.
fn pages(text: &mut String, found: &Found, address: &str) {
    line(text, &format!("{} endpoints: {address}/inventory", found.endpoints));
    if let Some(endpoint) = &found.riskiest {
        line(text, &format!("  the riskiest is {}", safe(&endpoint.name)));
        line(text, &format!("  {}", endpoint.page));
    }
    line(text, &format!("{} findings: {address}/findings", found.findings.values().sum::<u64>()));
    if let Some(finding) = &found.worst {
        line(text, &format!("  the worst: {}", safe(&finding.name)));
        line(text, &format!("  {}", finding.page));
    }
}

/// What was found, for people.
pub(super) fn conclusion(found: &Found, address: &str) -> String {
    let mut text = String::from("What was found, from the store:\n\n");
    for chapter in &found.chapters {
        of_chapter(&mut text, chapter);
    }
    for chapter in CHAPTERS.iter().skip(found.chapters.len()) {
        let _ = writeln!(text, "  {}: not played", chapter.title);
    }
    let findings: Vec<String> = ["critical", "high", "medium", "low", "info"]
        .iter()
        .filter_map(|severity| Some(format!("{} {severity}", found.findings.get(severity)?)))
        .collect();
    let _ = writeln!(
        text,
        "\n  {} endpoints, findings: {}; {} incidents",
        found.endpoints,
        findings.join(", "),
        found.incidents.len()
    );
    for incident in &found.incidents {
        let _ = writeln!(text, "  {}\n    {}", summary(incident), incident.page);
    }
    match found.users_named {
        0 => text.push_str("  No request of a user is in any detection.\n"),
        named => {
            let _ = writeln!(text, "  {named} requests of users are in detections: false alarms.");
        }
    }
    if found.not_compared > 0 {
        let _ = writeln!(text, "  {} further exchanges were not compared.", found.not_compared);
    }
    if !found.complete {
        let _ = writeln!(text, "  Not everything that the story declares was found: {address}");
    }
    text
}

fn of_chapter(text: &mut String, chapter: &ChapterFound) {
    let _ = write!(text, "  {} {}: ", chapter.at + 1, chapter.title);
    let _ = match chapter.hostile {
        0 => writeln!(
            text,
            "{} requests, {} of them in a detection",
            chapter.users, chapter.users_named
        ),
        all => {
            writeln!(text, "{} of {all} hostile requests are in detections", chapter.hostile_named)
        }
    };
    for one in &chapter.declared {
        let seen = if one.title.is_some() { "seen by" } else { "NOT SEEN by" };
        let _ = writeln!(text, "    {seen} {}", of(one));
    }
    if !chapter.missed.is_empty() {
        let _ = writeln!(text, "    in none: {}", chapter.missed.join(", "));
    }
    if !chapter.stage.is_empty() && !chapter.stage_reached {
        let _ = writeln!(text, "    NOT SEEN: no incident of it reached {}", chapter.stage);
    }
}

fn of(one: &super::found::Declared) -> String {
    format!("{} ({})", one.detector, one.title.as_deref().unwrap_or(one.why))
}

fn summary(incident: &IncidentFound) -> String {
    let IncidentFound { severity, score, stages, .. } = incident;
    let stages: Vec<&str> = stages.iter().map(|stage| stage.as_str()).collect();
    format!("{severity}, score {score}, {}", stages.join(" → "))
}

fn line(text: &mut String, words: &str) {
    let _ = writeln!(text, "{INDENT}{words}");
}

/// Prose in lines of [`WIDTH`] columns.
fn wrapped(prose: &str) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in prose.split_whitespace() {
        let length = word.chars().count();
        if column == 0 || column + 1 + length > WIDTH {
            text.push_str(if column == 0 { "" } else { "\n" });
            text.push_str(INDENT);
            column = INDENT.len();
        } else {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_cut_between_words() {
        let text = wrapped(&"word ".repeat(60));
        assert!(text.lines().all(|line| line.len() <= WIDTH && line.starts_with(INDENT)));
        assert_eq!(text.split_whitespace().count(), 60);
    }
}
