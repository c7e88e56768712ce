//! What each endpoint does, takes and answers.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use super::with;
use crate::access::{AccessList, CreatedAccess, NewAccess};
use crate::activation::{Activation, NewPolicy};
use crate::activity::Activities;
use crate::candidate::Candidate;
use crate::decision::Decision;
use crate::description::Description;
use crate::endpoint::Endpoint;
use crate::health::{Live, NotReady, Ready};
use crate::question::{Decisions, Question, Questions};
use crate::release::Releases;
use crate::settings::{PatchedSettings, Settings, SettingsPatch};
use crate::status::Status;

/// Makes a schema, with what it refers to.
type MakeSchema = fn(&mut SchemaGenerator) -> Value;

/// A media type of a body, its schema, and perhaps an example.
pub(super) type Media = (&'static str, MakeSchema, Option<fn() -> Value>);

/// A body, in each media type that it may have.
pub(super) type Body = Vec<Media>;

/// What an endpoint does, takes and answers.
pub(super) struct Operation {
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    /// What else there is to say; empty for nothing.
    pub(super) description: &'static str,
    /// Names of parameters in `parts.json`, besides those of the path.
    pub(super) parameters: &'static [&'static str],
    pub(super) body: Option<Body>,
    /// Answers that are no errors, or not only.
    pub(super) answers: Vec<Answer>,
    /// Names of responses in `parts.json`, besides the usual ones or in place of them.
    pub(super) errors: &'static [(u16, &'static str)],
}

/// An answer that only one operation gives.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) description: &'static str,
    /// Besides `X-Request-Id`.
    pub(super) headers: &'static [&'static str],
    /// Empty without one.
    pub(super) body: Body,
}

const PAGE: &[&str] = &["limit", "before"];

fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

fn json_of<T: JsonSchema>() -> Body {
    vec![("application/json", schema::<T>, None)]
}

fn json_like<T: JsonSchema>(example: fn() -> Value) -> Body {
    vec![("application/json", schema::<T>, Some(example))]
}

fn binary(_: &mut SchemaGenerator) -> Value {
    json!({"description": "In binary form.", "type": "string", "format": "binary"})
}

fn text(_: &mut SchemaGenerator) -> Value {
    json!({"type": "string"})
}

fn some_document(_: &mut SchemaGenerator) -> Value {
    json!({
        "type": "object",
        "required": ["openapi"],
        "properties": {"openapi": {"description": "The version of OpenAPI.", "type": "string"}},
        "additionalProperties": true,
    })
}

fn undecided(generator: &mut SchemaGenerator) -> Value {
    let decision = schema::<Decision>(generator);
    let error = schema::<crate::error::Error>(generator);
    json!({"oneOf": [
        with(decision, "properties", json!({"outcome": {"const": "failed"}})),
        with(error, "properties", json!({"code": {"enum": ["busy"]}})),
    ]})
}

fn token() -> Value {
    json!({"token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsImtpZCI6Ii4uLiJ9.e30.c2ln"})
}

fn client_ids() -> Value {
    json!({"windows_entra_client_ids": ["0b5fd5b5-2b5c-4b5e-9d5c-6a1c6f3f5a01"]})
}

fn bundled() -> Value {
    json!({"policy": "windows-mdm@2.0.0"})
}

fn access() -> Value {
    json!({"name": "mdm", "role": "platform"})
}

impl Operation {
    fn new(id: &'static str, summary: &'static str) -> Self {
        let (body, answers) = (None, Vec::new());
        Self { id, summary, description: "", parameters: &[], body, answers, errors: &[] }
    }

    fn description(self, description: &'static str) -> Self {
        Self { description, ..self }
    }

    fn parameters(self, parameters: &'static [&'static str]) -> Self {
        Self { parameters, ..self }
    }

    fn body(self, body: Body) -> Self {
        Self { body: Some(body), ..self }
    }

    fn errors(self, errors: &'static [(u16, &'static str)]) -> Self {
        Self { errors, ..self }
    }

    fn ok(self, description: &'static str, body: Body) -> Self {
        self.answer(200, description, &[], body)
    }

    /// Answers with what an activation did.
    fn activates(self) -> Self {
        self.answer(200, "What the activation did.", &["ETag"], json_of::<Activation>())
    }

    /// Nothing is left to say.
    fn done(self, description: &'static str) -> Self {
        self.answer(204, description, &[], Vec::new())
    }

    fn answer(
        mut self,
        status: u16,
        description: &'static str,
        headers: &'static [&'static str],
        body: Body,
    ) -> Self {
        self.answers.push(Answer { status, description, headers, body });
        self
    }

    /// Of an endpoint.
    pub(super) fn of(endpoint: Endpoint) -> Self {
        match endpoint {
            Endpoint::Decide => Self::new("decide", "Decides on a token.")
                .description(
                    "Asks for no access token where `service.access` is `none`. A refusal \
                     is an answer, not an error: it has status 200. Only the outcome \
                     `allow` admits.",
                )
                .body(json_like::<Question>(token))
                .ok("A decision.", json_of::<Decision>())
                .answer(
                    503,
                    "No decision could be made, with the reason; or too many decisions are \
                     under way.",
                    &["Retry-After"],
                    vec![("application/json", undecided, None)],
                ),
            Endpoint::DecideBatch => {
                Self::new("decide_batch", "Decides on several tokens, in order.")
                    .description(
                        "One malformed request refuses all. Decisions that fail are in the list \
                         like others.",
                    )
                    .body(json_of::<Questions>())
                    .ok("The decisions.", json_of::<Decisions>())
                    .errors(&[(503, "Busy")])
            }
            Endpoint::ServiceLive | Endpoint::AdminLive => {
                Self::new("live", "Says that the process answers.")
                    .ok("It does.", json_of::<Live>())
            }
            Endpoint::ServiceReady | Endpoint::AdminReady => {
                Self::new("ready", "Says whether requests should be sent to this server.")
                    .description(
                        "They should while at least one gate decides, none is being started, \
                         the store can be written, no answer hangs on the decision log, and the \
                         server is not about to end. What fails of one gate or one cloud \
                         besides is named, and takes no other gate out of a load balancer: ask \
                         for the gate with `/health/ready/{gate}`.",
                    )
                    .ok("They should. `degraded`: some gate does not decide.", json_of::<Ready>())
                    .answer(503, "They should not, and why.", &[], json_of::<NotReady>())
            }
            Endpoint::ServiceGateReady | Endpoint::AdminGateReady => {
                Self::new("gate_ready", "Says whether requests should be sent to one gate.")
                    .description(
                        "They should while it has a release and there are keys for its cloud, \
                         no answer hangs on the decision log, and the server is not about to \
                         end.",
                    )
                    .ok("They should.", json_of::<Ready>())
                    .answer(503, "They should not, and why.", &[], json_of::<NotReady>())
            }
            Endpoint::Metrics => {
                let formats = vec![
                    ("text/plain", text as MakeSchema, None),
                    ("application/openmetrics-text", text, None),
                ];
                Self::new("metrics", "The numbers, for Prometheus.")
                    .description("docs/monitoring.md says what each means.")
                    .answer(
                        200,
                        "The text format of Prometheus 0.0.4; OpenMetrics 1.0 where `Accept` \
                         names it with at least the same weight.",
                        &["Vary"],
                        formats,
                    )
            }
            Endpoint::OpenApi => Self::new("openapi", "This document.")
                .ok("The document.", vec![("application/json", some_document, None)]),
            Endpoint::Status => Self::new("status", "The state of the server and of every gate.")
                .ok("The state.", json_of::<Status>()),
            Endpoint::GetSettings => Self::new("get_settings", "The settings of a gate.")
                .answer(200, "The settings.", &["ETag"], json_of::<Settings>())
                .errors(&[(409, "NoPolicy"), (503, "Starting")]),
            Endpoint::PatchSettings => {
                let patch = |media_type| {
                    (media_type, schema::<SettingsPatch> as MakeSchema, Some(client_ids as _))
                };
                Self::new("patch_settings", "Changes settings of a gate.")
                    .description(
                        "An activation like any other: all values are checked and the cases \
                         rehearsed before anything changes.",
                    )
                    .parameters(&["dry_run", "force", "drop", "If-Match"])
                    .body(vec![patch("application/json"), patch("application/merge-patch+json")])
                    .answer(
                        200,
                        "The settings, and what the activation did.",
                        &["ETag"],
                        json_of::<PatchedSettings>(),
                    )
                    .errors(&[
                        (409, "NotChanged"),
                        (412, "ChangedMeanwhile"),
                        (422, "InvalidSettings"),
                        (503, "NotNow"),
                    ])
            }
            Endpoint::PostPolicy => {
                let mut body = json_like::<NewPolicy>(bundled);
                body.push(("application/octet-stream", binary, None));
                Self::new("post_policy", "Gives a gate another policy.")
                    .description(
                        "The answer comes when the activation is done. At most 4 MiB. A \
                         component in binary form may have the type `application/wasm` as well.",
                    )
                    .parameters(&["dry_run", "as_candidate", "force", "drop", "If-Match"])
                    .body(body)
                    .activates()
                    .errors(&[
                        (409, "NotActivated"),
                        (412, "ChangedMeanwhile"),
                        (422, "ActivationFailed"),
                        (503, "NotNow"),
                    ])
            }
            Endpoint::GetCandidate => Self::new(
                "get_candidate",
                "The candidate of a gate, and what it decided otherwise.",
            )
            .ok("The candidate.", json_of::<Candidate>())
            .errors(&[(404, "NoCandidate"), (503, "Starting")]),
            Endpoint::DeleteCandidate => {
                Self::new("delete_candidate", "Ends the candidate of a gate.")
                    .done("It ended.")
                    .errors(&[(404, "NoCandidate"), (503, "NotNow")])
            }
            Endpoint::Promote => Self::new("promote", "Makes the candidate the active release.")
                .parameters(&["max_differences", "force", "drop", "If-Match"])
                .activates()
                .errors(&[
                    (404, "NoCandidate"),
                    (409, "NotPromoted"),
                    (412, "ChangedMeanwhile"),
                    (422, "ActivationFailed"),
                    (503, "NotNow"),
                ]),
            Endpoint::RollBack => Self::new(
                "roll_back",
                "Goes back to the newest release before that is not known to fail, or \
                 to the one of a generation.",
            )
            .description(
                "Does not wait for a change that is under way; that one fails. Of two \
                 roll-backs at once the second fails. With `force` it goes to the \
                 release before, or to that of the generation, whatever is known of it.",
            )
            .parameters(&["to", "drop", "force", "If-Match"])
            .activates()
            .errors(&[
                (404, "UnknownGeneration"),
                (409, "NotRolledBack"),
                (412, "ChangedMeanwhile"),
                (422, "ActivationFailed"),
                (503, "NotNow"),
            ]),
            Endpoint::Releases => {
                Self::new("releases", "The attempts to give a gate another release.")
                    .parameters(PAGE)
                    .ok("A page.", json_of::<Releases>())
            }
            Endpoint::Description => {
                Self::new("description", "What the policy of a gate says of itself.")
                    .description("As `admit inspect --output json` has it under `description`.")
                    .ok("The description.", json_of::<Description>())
                    .errors(&[(409, "NoPolicy"), (503, "Starting")])
            }
            Endpoint::Activities => Self::new("activities", "What was done, and by whom.")
                .description("Conditions all have to hold.")
                .parameters(&[
                    "of_gate", "of_type", "by_actor", "since", "until", "limit", "before",
                ])
                .ok("A page.", json_of::<Activities>()),
            Endpoint::ListAccess => Self::new("list_access", "Lists the access tokens.")
                .parameters(PAGE)
                .ok("A page of access tokens, without their secrets.", json_of::<AccessList>()),
            Endpoint::CreateAccess => Self::new("create_access", "Creates an access token.")
                .body(json_like::<NewAccess>(access))
                .answer(
                    201,
                    "The access token, shown once.",
                    &["Cache-Control"],
                    json_of::<CreatedAccess>(),
                )
                .errors(&[(409, "NameTaken"), (503, "OutcomeUnknown")]),
            Endpoint::RevokeAccess => Self::new("revoke_access", "Revokes an access token.")
                .description("It counts no longer when the answer comes. Also the one that asks.")
                .done("It was revoked.")
                .errors(&[(404, "UnknownAccess"), (409, "LastAdmin"), (503, "OutcomeUnknown")]),
            Endpoint::Backup => {
                Self::new("backup", "A copy of the store, that a server can start with.").answer(
                    200,
                    "A SQLite database with everything that is stored.",
                    &["Cache-Control"],
                    vec![("application/octet-stream", binary, None)],
                )
            }
        }
    }
}
