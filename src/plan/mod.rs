//! What a verb will do, as a list of steps: computed before anything is touched, so that it can
//! be shown (`--dry-run`), applied, and taken back when a step fails.

pub mod apply;
pub mod step;

use serde::Serialize;

pub use apply::Surroundings;
pub use step::Step;

/// Steps in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// What is done.
    #[serde(rename = "plan")]
    pub steps: Vec<Step>,
    /// What the administrator should know about it.
    pub notes: Vec<String>,
    /// How it is undone once it is done; none if it cannot be.
    pub undo: Option<String>,
}

impl Plan {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The plan for people: a line a step, a diff for a change, then notes and the way back.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        if self.is_empty() {
            text.push_str("nothing to do\n");
        }
        for step in &self.steps {
            text.push_str(&step.text());
        }
        for note in &self.notes {
            text.push_str(&format!("# {note}\n"));
        }
        if let Some(undo) = &self.undo {
            text.push_str(&format!("# undo: {undo}\n"));
        }
        text
    }
}
