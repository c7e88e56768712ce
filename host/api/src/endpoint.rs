//! Every endpoint: method, path, listener, the right it asks for, what it takes and answers. The routers, the
//! authorisation, `docs/openapi.json` and the tests are made from this; `docs/api.md` has the same for people.

use crate::access::{AccessList, CreatedAccess, NewAccess, Right};
use crate::activation::NewPolicy;
use crate::activity::Activities;
use crate::candidate::Candidate;
use crate::decision::Decision;
use crate::description::Description;
use crate::health::{Live, NotReady, Ready};
use crate::names::names;
use crate::openapi::operation::{
    MakeSchema, Operation, PAGE, access, binary, bundled, client_ids, json_like, json_of, schema,
    some_document, text, token, undecided,
};
use crate::question::{Decisions, Question, Questions};
use crate::release::Releases;
use crate::settings::{PatchedSettings, Settings, SettingsPatch};
use crate::status::Status;

/// Where an endpoint is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListenerKind {
    /// For platforms: decisions.
    Service,
    /// For administrators: everything else.
    Admin,
}

names! {
    /// The method of a request (RFC 9110 9.3, RFC 5789).
    pub enum Method {
        /// Reads.
        Get = "GET",
        /// Does something.
        Post = "POST",
        /// Changes a part.
        Patch = "PATCH",
        /// Removes.
        Delete = "DELETE",
    }
}

/// Declares the endpoints: for each its listener, method, path, and the right it asks for.
macro_rules! endpoints {
    ($($name:ident: $listener:ident $method:ident $path:literal $right:ident;)+) => {
        /// An endpoint of the API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "the table below says what each is")]
        pub enum Endpoint {
            $($name),+
        }

        impl Endpoint {
            /// Every endpoint.
            pub const ALL: [Self; [$($path),+].len()] = [$(Self::$name),+];

            fn row(self) -> (ListenerKind, Method, &'static str, Right) {
                match self {
                    $(Self::$name => {
                        (ListenerKind::$listener, Method::$method, $path, Right::$right)
                    })+
                }
            }
        }
    };
}

endpoints! {
    Decide: Service Post "/v1/gates/{gate}/decide" Decide;
    DecideBatch: Service Post "/v1/gates/{gate}/decide/batch" Decide;
    ServiceLive: Service Get "/health/live" Open;
    ServiceReady: Service Get "/health/ready" Open;
    ServiceGateReady: Service Get "/health/ready/{gate}" Open;
    AdminLive: Admin Get "/health/live" Open;
    AdminReady: Admin Get "/health/ready" Open;
    AdminGateReady: Admin Get "/health/ready/{gate}" Open;
    Metrics: Admin Get "/metrics" Open;
    OpenApi: Admin Get "/openapi.json" Open;
    Status: Admin Get "/v1/status" Read;
    GetSettings: Admin Get "/v1/gates/{gate}/settings" Read;
    PatchSettings: Admin Patch "/v1/gates/{gate}/settings" Write;
    PostPolicy: Admin Post "/v1/gates/{gate}/policy" Write;
    GetCandidate: Admin Get "/v1/gates/{gate}/candidate" Read;
    DeleteCandidate: Admin Delete "/v1/gates/{gate}/candidate" Write;
    Promote: Admin Post "/v1/gates/{gate}/promote" Write;
    RollBack: Admin Post "/v1/gates/{gate}/rollback" Write;
    Releases: Admin Get "/v1/gates/{gate}/releases" Read;
    Description: Admin Get "/v1/gates/{gate}/description" Read;
    Activities: Admin Get "/v1/activities" Read;
    ListAccess: Admin Get "/v1/access" Access;
    CreateAccess: Admin Post "/v1/access" Access;
    RevokeAccess: Admin Delete "/v1/access/{id}" Access;
    Backup: Admin Get "/v1/store/backup" Access;
}

impl Endpoint {
    /// Where it is served.
    pub fn listener(self) -> ListenerKind {
        self.row().0
    }

    /// Its method.
    pub fn method(self) -> Method {
        self.row().1
    }

    /// Its path, with `{gate}` or `{id}` for what varies.
    pub fn path(self) -> &'static str {
        self.row().2
    }

    /// Whether it takes a query. Those that anybody may call ignore one.
    pub fn takes_query(self) -> bool {
        let read = matches!(self, Self::Releases | Self::Activities | Self::ListAccess);
        let write =
            matches!(self, Self::PatchSettings | Self::PostPolicy | Self::Promote | Self::RollBack);
        read || write || self.right() == Right::Open
    }

    /// Whether it changes something besides what is counted and logged.
    pub fn changes(self) -> bool {
        self.listener() == ListenerKind::Admin && self.method() != Method::Get
    }

    /// What it asks of its caller.
    pub fn right(self) -> Right {
        self.row().3
    }

    /// What it does, takes and answers, for the document of the API.
    pub(crate) fn operation(self) -> Operation {
        match self {
            Self::Decide => Operation::new("decide", "Decides on a token.")
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
            Self::DecideBatch => {
                Operation::new("decide_batch", "Decides on several tokens, in order.")
                    .description(
                        "One malformed request refuses all. Decisions that fail are in the list \
                         like others.",
                    )
                    .body(json_of::<Questions>())
                    .ok("The decisions.", json_of::<Decisions>())
                    .errors(&[(503, "Busy")])
            }
            Self::ServiceLive | Self::AdminLive => {
                Operation::new("live", "Says that the process answers.")
                    .ok("It does.", json_of::<Live>())
            }
            Self::ServiceReady | Self::AdminReady => {
                Operation::new("ready", "Says whether requests should be sent to this server.")
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
            Self::ServiceGateReady | Self::AdminGateReady => {
                Operation::new("gate_ready", "Says whether requests should be sent to one gate.")
                    .description(
                        "They should while it has a release and there are keys for its cloud, \
                         no answer hangs on the decision log, and the server is not about to \
                         end.",
                    )
                    .ok("They should.", json_of::<Ready>())
                    .answer(503, "They should not, and why.", &[], json_of::<NotReady>())
            }
            Self::Metrics => {
                let formats = vec![
                    ("text/plain", text as MakeSchema, None),
                    ("application/openmetrics-text", text, None),
                ];
                Operation::new("metrics", "The numbers, for Prometheus.")
                    .description("docs/monitoring.md says what each means.")
                    .answer(
                        200,
                        "The text format of Prometheus 0.0.4; OpenMetrics 1.0 where `Accept` \
                         names it with at least the same weight.",
                        &["Vary"],
                        formats,
                    )
            }
            Self::OpenApi => Operation::new("openapi", "This document.")
                .ok("The document.", vec![("application/json", some_document, None)]),
            Self::Status => Operation::new("status", "The state of the server and of every gate.")
                .ok("The state.", json_of::<Status>()),
            Self::GetSettings => Operation::new("get_settings", "The settings of a gate.")
                .answer(200, "The settings.", &["ETag"], json_of::<Settings>())
                .errors(&[(409, "NoPolicy"), (503, "Starting")]),
            Self::PatchSettings => {
                let patch = |media_type| {
                    (media_type, schema::<SettingsPatch> as MakeSchema, Some(client_ids as _))
                };
                Operation::new("patch_settings", "Changes settings of a gate.")
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
            Self::PostPolicy => {
                let mut body = json_like::<NewPolicy>(bundled);
                body.push(("application/octet-stream", binary, None));
                Operation::new("post_policy", "Gives a gate another policy.")
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
            Self::GetCandidate => Operation::new(
                "get_candidate",
                "The candidate of a gate, and what it decided otherwise.",
            )
            .ok("The candidate.", json_of::<Candidate>())
            .errors(&[(404, "NoCandidate"), (503, "Starting")]),
            Self::DeleteCandidate => {
                Operation::new("delete_candidate", "Ends the candidate of a gate.")
                    .done("It ended.")
                    .errors(&[(404, "NoCandidate"), (503, "NotNow")])
            }
            Self::Promote => Operation::new("promote", "Makes the candidate the active release.")
                .parameters(&["max_differences", "force", "drop", "If-Match"])
                .activates()
                .errors(&[
                    (404, "NoCandidate"),
                    (409, "NotPromoted"),
                    (412, "ChangedMeanwhile"),
                    (422, "ActivationFailed"),
                    (503, "NotNow"),
                ]),
            Self::RollBack => Operation::new(
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
            Self::Releases => {
                Operation::new("releases", "The attempts to give a gate another release.")
                    .parameters(PAGE)
                    .ok("A page.", json_of::<Releases>())
            }
            Self::Description => {
                Operation::new("description", "What the policy of a gate says of itself.")
                    .description("As `admit inspect --output json` has it under `description`.")
                    .ok("The description.", json_of::<Description>())
                    .errors(&[(409, "NoPolicy"), (503, "Starting")])
            }
            Self::Activities => Operation::new("activities", "What was done, and by whom.")
                .description("Conditions all have to hold.")
                .parameters(&[
                    "of_gate", "of_type", "by_actor", "since", "until", "limit", "before",
                ])
                .ok("A page.", json_of::<Activities>()),
            Self::ListAccess => Operation::new("list_access", "Lists the access tokens.")
                .parameters(PAGE)
                .ok("A page of access tokens, without their secrets.", json_of::<AccessList>()),
            Self::CreateAccess => Operation::new("create_access", "Creates an access token.")
                .body(json_like::<NewAccess>(access))
                .answer(
                    201,
                    "The access token, shown once.",
                    &["Cache-Control"],
                    json_of::<CreatedAccess>(),
                )
                .errors(&[(409, "NameTaken"), (503, "OutcomeUnknown")]),
            Self::RevokeAccess => Operation::new("revoke_access", "Revokes an access token.")
                .description("It counts no longer when the answer comes. Also the one that asks.")
                .done("It was revoked.")
                .errors(&[(404, "UnknownAccess"), (409, "LastAdmin"), (503, "OutcomeUnknown")]),
            Self::Backup => {
                Operation::new("backup", "A copy of the store, that a server can start with.")
                    .answer(
                        200,
                        "A SQLite database with everything that is stored.",
                        &["Cache-Control"],
                        vec![("application/octet-stream", binary, None)],
                    )
            }
        }
    }
}
