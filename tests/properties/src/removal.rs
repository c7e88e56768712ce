//! Taking an entry out of a list setting.

use admit_guest::rules::{Pair, audience};
use admit_guest::{Guid, TokenVersion};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

use crate::run::run;
use crate::{Decide, Input, Object, Seen, Subject, World};

/// Settings before and after an entry was taken out of a list.
#[derive(Clone, Debug)]
pub struct Removal {
    /// The setting.
    pub setting: String,
    /// The entry.
    pub entry: String,
    /// The settings with it.
    pub before: Object,
    /// The settings without it.
    pub after: Object,
}

/// Which newly admitted tokens a removal may bring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Widening {
    /// None.
    Never,
    /// Any: the list was a restriction and is empty now.
    Restriction,
    /// Tokens for this client id, which was bound to tenants and is no more.
    Unbound(String),
}

/// What taking this entry out may widen. Where a list restricts, its last entry does.
///
/// `allowed_apps` restricts as a whole: while it is empty, any application may. `client_tenant_pairs`
/// restricts each client id that it names. Every other list admits what it names.
#[must_use]
pub fn widening(removal: &Removal) -> Widening {
    let left = texts(&removal.after, &removal.setting);
    match removal.setting.as_str() {
        "allowed_apps" if left.is_empty() => Widening::Restriction,
        "client_tenant_pairs" => match Pair::parse(removal.entry.trim()) {
            Some(gone) if !left.iter().any(|left| names(left, &gone)) => {
                let client = removal.entry.trim().split('@').next().unwrap_or_default();
                Widening::Unbound(client.to_owned())
            }
            _ => Widening::Never,
        },
        _ => Widening::Never,
    }
}

fn names(pair: &str, gone: &Pair) -> bool {
    Pair::parse(pair.trim()).is_some_and(|pair| pair.client == gone.client)
}

/// Settings with an entry that can be taken out.
pub fn removals(settings: BoxedStrategy<Object>) -> BoxedStrategy<Removal> {
    (settings, any::<Index>())
        .prop_filter_map("a list with entries", |(before, which)| {
            let lists = before.iter().filter_map(|(name, value)| Some((name, value.as_array()?)));
            let entries: Vec<_> = lists
                .flat_map(|(name, list)| (0..list.len()).map(move |place| (name.clone(), place)))
                .collect();
            let (setting, place) = entries.get(which.index(entries.len().max(1)))?.clone();
            Removal::of(before, setting, place)
        })
        .boxed()
}

impl Removal {
    /// Takes out the entry at this place; `None` when there is no text.
    #[must_use]
    pub fn of(before: Object, setting: String, place: usize) -> Option<Self> {
        let mut after = before.clone();
        let list = after.get_mut(&setting)?.as_array_mut()?;
        let entry = list.get(place)?.as_str()?.to_owned();
        list.remove(place);
        Some(Self { setting, entry, before, after })
    }
}

/// Taking an entry out of a list admits nobody new, apart from what [`widening`] says.
///
/// Counts per setting, as `narrowed SETTING` and `widened SETTING`, how often it made a difference.
pub fn never_widens(
    subject: &dyn Subject,
    world: &World,
    removals: BoxedStrategy<Removal>,
    cases: u32,
) -> Seen {
    let seen = Seen::default();
    run(cases, &(removals, world.inputs()), |(removal, input)| {
        let Some(policy) = subject.configured(&removal.before) else { return Ok(()) };
        let was = admits(&*policy, &input);
        let is = subject.configured(&removal.after).map(|policy| admits(&*policy, &input));
        match (was, is) {
            (true, Some(false)) => seen.note(&format!("narrowed {}", removal.setting)),
            (true, None) => seen.note(&format!("refused {}", removal.setting)),
            (false, Some(true)) => {
                seen.note(&format!("widened {}", removal.setting));
                prop_assert!(may_widen(&widening(&removal), &input), "{removal:?}");
            }
            _ => {}
        }
        Ok(())
    });
    seen
}

fn admits(policy: &dyn Decide, input: &Input) -> bool {
    policy.decide(input).is_some_and(|answer| answer.is_allow())
}

fn may_widen(widening: &Widening, input: &Input) -> bool {
    match widening {
        Widening::Never => false,
        Widening::Restriction => true,
        Widening::Unbound(client) => is_for(input, client),
    }
}

/// Whether the token names this client id as its audience.
fn is_for(input: &Input, client: &str) -> bool {
    let text = |name| input.claims.get(name).and_then(Value::as_str);
    let Some(version) = text("ver").and_then(TokenVersion::parse) else { return false };
    let Ok(client) = Guid::parse(client) else { return false };
    let audiences = match input.claims.get("aud") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    audiences.into_iter().any(|text| audience::client_id(version, text) == Some(client))
}

fn texts<'a>(settings: &'a Object, name: &str) -> Vec<&'a str> {
    let list = settings.get(name).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}
