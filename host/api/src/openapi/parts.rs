//! What several operations have in common.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::{reference, with};
use crate::error::Code;
use crate::text;

fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

/// A parameter: its name, where it is, what it says, and what else there is to say of it.
type Parameter = (&'static str, &'static str, &'static str, Value);

/// The parameters, by the names that operations have for them.
#[rustfmt::skip]
pub(super) fn parameters(generator: &mut SchemaGenerator) -> Value {
    let parameters: Vec<(&str, Parameter)> = vec![
        ("gate", ("gate", "path",
            "The name of a gate.",
            json!({"schema": schema::<text::GateName>(generator), "required": true, "example": "windows-mdm"}))),
        ("access_id", ("id", "path",
            "The public part of an access token.",
            json!({"schema": schema::<text::AccessId>(generator), "required": true, "example": "5d0c9bce"}))),
        ("dry_run", ("dry_run", "query",
            "Check and rehearse everything, change nothing.",
            json!({"schema": json!({"type": "boolean", "default": false})}))),
        ("as_candidate", ("candidate", "query",
            "Let the release decide in the shadow of the active one. `dry_run` comes first.",
            json!({"schema": json!({"type": "boolean", "default": false})}))),
        ("force", ("force", "query",
            "Activate a release even if it is known to fail, which ends what is known of it.",
            json!({"schema": json!({"type": "boolean", "default": false})}))),
        ("max_differences", ("max_differences", "query",
            "Promote only if the candidate decided requests, and at most this many of them otherwise.",
            json!({"schema": json!({"type": "integer", "minimum": 0, "maximum": u64::MAX})}))),
        ("drop", ("drop", "query",
            "A setting that may stop counting; once for each. It is kept, and counts again \
             when it is set again or another policy is activated that knows it.",
            json!({"schema": json!({"type": "array", "items": schema::<text::Name>(generator)}), "example": ["allow_guests"], "style": "form", "explode": true}))),
        ("to", ("to", "query",
            "The generation of the release to go to; the release before unless it is given.",
            json!({"schema": json!({"type": "integer", "minimum": 0, "maximum": u64::MAX})}))),
        ("limit", ("limit", "query",
            "The most entries of a page.",
            json!({"schema": json!({"type": "integer", "minimum": 1, "maximum": 200, "default": 50})}))),
        ("before", ("before", "query",
            "Only entries with a smaller id: `next` of the page before.",
            json!({"schema": json!({"type": "integer", "minimum": 0, "maximum": u64::MAX})}))),
        ("If-Match", ("If-Match", "header",
            "The `ETag` of what is to be changed, several with commas between, or `*`. \
             Another revision by then: 412; so for a weak tag, which never matches (RFC 9110 \
             13.1.1).",
            json!({"schema": json!({"type": "string", "pattern": "^(\\*|(W/)?\"[!#-~]*\"([ \\t]*,[ \\t]*(W/)?\"[!#-~]*\")*)$"}), "example": "\"3\""}))),
        ("X-Request-Id", ("X-Request-Id", "header",
            "The caller's name of the request, in the answer and the log. 1 to 128 of \
             letters, digits, `.`, `_` and `-`; one of another form is replaced.",
            json!({"schema": json!({"type": "string"})}))),
        ("traceparent", ("traceparent", "header",
            "The caller's trace (W3C Trace Context), in the log. One of another form is \
             ignored.",
            json!({"schema": json!({"type": "string"}), "example": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}))),
        ("of_gate", ("gate", "query",
            "Of this gate.",
            json!({"schema": json!({"type": "string"})}))),
        ("of_type", ("type", "query",
            "Of this type.",
            json!({"schema": json!({"type": "string"}), "example": "activated_policy"}))),
        ("by_actor", ("actor", "query",
            "By the actor of this name, or the access token of this id.",
            json!({"schema": json!({"type": "string"})}))),
        ("since", ("since", "query",
            "Not before: an RFC 3339 time or seconds since 1970.",
            json!({"schema": schema::<text::When>(generator)}))),
        ("until", ("until", "query",
            "Not after: an RFC 3339 time or seconds since 1970.",
            json!({"schema": schema::<text::When>(generator)}))),
    ];
    let parameter = |(key, (name, place, description, more)): (&str, Parameter)| {
        let mut json = json!({"name": name, "in": place, "description": description});
        if let (Some(json), Value::Object(more)) = (json.as_object_mut(), more) {
            json.extend(more);
        }
        (key.to_owned(), json)
    };
    Value::Object(parameters.into_iter().map(parameter).collect())
}

/// The headers of answers.
pub(super) fn headers() -> Value {
    let header = |(name, description, schema): (&str, &str, Value)| {
        (name.to_owned(), json!({"description": description, "required": true, "schema": schema}))
    };
    let headers = [
        (
            "X-Request-Id",
            "The name of the request in the log of the server.",
            json!({"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"}),
        ),
        (
            "ETag",
            "The revision of policy and settings, for `If-Match`.",
            json!({"type": "string", "pattern": "^\"[0-9]+\"$"}),
        ),
        (
            "Retry-After",
            "When to try again, in seconds.",
            json!({"type": "string", "pattern": "^[0-9]+$"}),
        ),
        ("WWW-Authenticate", "How to say who calls.", json!({"type": "string", "const": "Bearer"})),
        (
            "Vary",
            "What of the request the form of the answer goes by.",
            json!({"type": "string", "enum": ["Accept"]}),
        ),
        (
            "Cache-Control",
            "The answer holds a secret.",
            json!({"type": "string", "const": "no-store"}),
        ),
    ];
    Value::Object(headers.into_iter().map(header).collect())
}

/// When to try again, where only some of the codes say so.
fn may_retry_after() -> Value {
    json!({
        "description": "When to try again, in seconds. Absent with `outcome_unknown`: what was asked for \
            may still be done, and must not be repeated unseen.",
        "required": false,
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    })
}

/// An error: its name, what happened, headers besides `X-Request-Id`, and its codes.
type Response = (&'static str, &'static str, &'static [&'static str], &'static [Code]);

/// The errors, by the names that operations have for them.
pub(super) fn responses() -> Value {
    Value::Object(RESPONSES.iter().map(response).collect::<Map<_, _>>())
}

fn response((name, description, headers, codes): &Response) -> (String, Value) {
    let headers = ["X-Request-Id"].iter().chain(*headers);
    let headers = headers.map(|name| match *name {
        "Retry-After?" => ("Retry-After".to_owned(), may_retry_after()),
        name => (name.to_owned(), reference("headers", name)),
    });
    let codes = json!({"code": {"enum": codes}});
    let error = with(reference("schemas", "Error"), "properties", codes);
    let json = json!({
        "description": description,
        "headers": headers.collect::<Map<_, _>>(),
        "content": {"application/json": {"schema": error}},
    });
    ((*name).to_owned(), json)
}

#[rustfmt::skip]
const RESPONSES: &[Response] = &[
    (
        "Malformed",
        "The request is not what the endpoint takes: no JSON, unknown or repeated \
         members, wrong types, values out of range.",
        &[],
        &[Code::Malformed],
    ),
    (
        "Unauthenticated",
        "No access token, or not one of this server.",
        &["WWW-Authenticate"],
        &[Code::Unauthenticated],
    ),
    (
        "RoleForbidden",
        "The role of the access token may not do this.",
        &[],
        &[Code::Forbidden],
    ),
    (
        "Forbidden",
        "The role of the access token may not do this, or the Host or Origin header is \
         not one of this server.",
        &[],
        &[Code::Forbidden, Code::HostNotAllowed],
    ),
    (
        "WriteForbidden",
        "The role of the access token may not do this; or the server is in GitOps mode, \
         and the role is not `gitops`; or the Host or Origin header is not one of this \
         server.",
        &[],
        &[Code::Forbidden, Code::GitopsMode, Code::HostNotAllowed],
    ),
    (
        "UnknownGate",
        "There is no such gate.",
        &[],
        &[Code::UnknownGate],
    ),
    (
        "UnknownGeneration",
        "There is no such gate, or it had no release of this generation.",
        &[],
        &[Code::UnknownGate, Code::UnknownGeneration],
    ),
    (
        "NoCandidate",
        "There is no such gate, or it has no candidate.",
        &[],
        &[Code::UnknownGate, Code::NoCandidate],
    ),
    (
        "UnknownAccess",
        "There is no access token with this id that counts.",
        &[],
        &[Code::NotFound],
    ),
    (
        "NameTaken",
        "Another access token that counts has the name, or one that differs in letter \
         case and spaces only.",
        &[],
        &[Code::NameTaken],
    ),
    (
        "LastAdmin",
        "It is the last access token of the role `admin`. Create another one first.",
        &[],
        &[Code::LastAdmin],
    ),
    (
        "Timeout",
        "The body did not come to its end in time.",
        &[],
        &[Code::Timeout],
    ),
    (
        "NoPolicy",
        "The gate has no policy.",
        &[],
        &[Code::NoPolicy],
    ),
    (
        "NotChanged",
        "The gate has no policy that settings could be for, or was given another release \
         meanwhile; settings that were configured and never activated would not count, \
         and `drop` does not name them; or the release is known to fail and was not \
         forced.",
        &[],
        &[Code::NoPolicy, Code::SettingsDropped, Code::Overtaken, Code::TakenBack],
    ),
    (
        "NotActivated",
        "Settings that count now no longer would, and `drop` does not name them; the \
         release is known to fail and was not forced; or the gate was given another \
         release meanwhile.",
        &[],
        &[Code::SettingsDropped, Code::Overtaken, Code::TakenBack],
    ),
    (
        "NotPromoted",
        "The candidate decided no request yet or too many otherwise; settings that count \
         now no longer would, and `drop` does not name them; the candidate is known to \
         fail and was not forced; or the gate was given another release meanwhile.",
        &[],
        &[Code::NothingCompared, Code::TooManyDifferences, Code::SettingsDropped, Code::Overtaken, Code::TakenBack],
    ),
    (
        "NotRolledBack",
        "There is nothing to go back to, it is known to fail and was not forced, is \
         active already or no longer kept; settings that count now no longer would, and \
         `drop` does not name them; or the gate was given another release meanwhile.",
        &[],
        &[Code::NothingKept, Code::AlreadyActive, Code::NotKept, Code::SettingsDropped, Code::Overtaken, Code::TakenBack],
    ),
    (
        "ChangedMeanwhile",
        "Policy or settings changed since they were read.",
        &[],
        &[Code::ChangedMeanwhile],
    ),
    (
        "TooLarge",
        "The body is too large.",
        &[],
        &[Code::TooLarge],
    ),
    (
        "MediaType",
        "The Content-Type is none that the endpoint takes.",
        &[],
        &[Code::MediaType],
    ),
    (
        "InvalidSettings",
        "The policy refused values of settings, one entry in `errors` each; or the \
         activation failed at a step, which is the code.",
        &[],
        &[Code::InvalidSettings, Code::SettingsTooLarge, Code::Inspect, Code::Configure, Code::Seal, Code::Rehearse],
    ),
    (
        "ActivationFailed",
        "The activation failed at a step, which is the code; or the policy refused \
         values of settings, or they are too large.",
        &[],
        &[Code::InvalidSettings, Code::Inspect, Code::Configure, Code::Seal, Code::Rehearse],
    ),
    (
        "Internal",
        "The server failed; see its log. `persist`: a release could not be written down; \
         the active one stays. `store`: the store could not be written or read; nothing \
         was changed.",
        &[],
        &[Code::Internal, Code::Persist, Code::Store],
    ),
    (
        "Starting",
        "The gate is being read from the store. Try again in a moment.",
        &["Retry-After"],
        &[Code::Starting],
    ),
    (
        "NotNow",
        "The gate is being read from the store; or this machine had not the memory, \
         address space or time for the step that the code names. The gate goes on with \
         what it had. Try again in a moment. Or the store does not answer \
         (`outcome_unknown`, without `Retry-After`): then see what was done before \
         trying again.",
        &["Retry-After?"],
        &[Code::Starting, Code::Inspect, Code::Configure, Code::Seal, Code::Rehearse, Code::OutcomeUnknown],
    ),
    (
        "OutcomeUnknown",
        "The store does not answer, so that it is not known yet whether this was done. \
         `store` in `GET /v1/status` says when it answers again; the activities then say \
         what was done. An access token that nobody was shown is revoked.",
        &[],
        &[Code::OutcomeUnknown],
    ),
    (
        "Busy",
        "Too many decisions are under way.",
        &["Retry-After"],
        &[Code::Busy],
    ),
];
