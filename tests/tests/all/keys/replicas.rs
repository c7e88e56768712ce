//! Replicas of one address that disagree while keys roll over.

use super::*;

const KEEP: Duration = Duration::from_secs(10 * 60);

/// How long the host knows of a key after it last counted.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);

const MOMENT: Duration = Duration::from_millis(1);

fn set_of(issuers: &[&Issuer]) -> Answer {
    let keys: Vec<_> = issuers.iter().map(|issuer| issuer.jwk()).collect();
    Answer::json(&json!({"keys": keys}))
}

/// A world whose first answer has the fixture's key, and whose next has only that of `next`.
fn rolled_over(options: RemoteOptions) -> (World, Issuer) {
    let world = World::at("/keys", good(), options);
    assert!(world.finds(kid()));
    let next = Issuer::generate().unwrap();
    world.server.answer("/keys", set_of(&[&next]));
    world.clock.advance(COOL_DOWN);
    assert!(world.finds(next.kid()));
    (world, next)
}

#[test]
fn no_good_token_is_refused_while_replicas_disagree() {
    let world = World::new();
    let next = Issuer::generate().unwrap();
    assert!(world.finds(kid()));
    let replicas = [set_of(&[&next]), good()];
    for round in 0..120 {
        world.server.answer("/keys", replicas[round % 2].clone());
        world.clock.advance(COOL_DOWN);
        for number in 0..100 {
            assert_eq!(world.code(&format!("stranger-{round}-{number}")), "token.key");
        }
        assert_eq!(world.fetches(), round + 2, "one fetch per cool-down, whoever asks");
        assert_eq!((world.code(kid()), world.code(next.kid())), ("ok", "ok"), "round {round}");
        assert_eq!((world.status().usable, world.status().vanished.len()), (1, 1));
    }
    assert_eq!(world.status().vanished_uses, 120);
}

#[test]
fn a_vanished_key_counts_for_a_while_and_is_then_missed() {
    let (world, next) = rolled_over(RemoteOptions::default());
    assert!(world.finds(kid()));
    let status = world.status();
    assert_eq!(status.vanished, [(kid().to_owned(), Duration::ZERO)]);
    assert_eq!((status.usable, status.vanished_uses), (1, 1));

    world.clock.advance(KEEP - MOMENT);
    assert!(world.finds(kid()));
    world.clock.advance(MOMENT);
    assert_eq!(world.code(kid()), "keys.unavailable");
    let error = world.keys.find(kid(), Wait::May).unwrap_err().to_string();
    assert!(error.contains(&format!("key `{}` is no longer in the JWK Set", kid())), "{error}");
    assert!(error.ends_with("; an answer first lacked it 600 s ago"), "{error}");
    assert_eq!(world.status().vanished, []);

    world.clock.advance(REMEMBERED - MOMENT);
    assert_eq!(world.code(kid()), "keys.unavailable");
    world.clock.advance(MOMENT);
    assert_eq!(world.code(kid()), "token.key");
    assert!(world.finds(next.kid()));
}

#[test]
fn a_vanished_key_that_a_token_names_is_asked_for_again() {
    let (world, _) = rolled_over(RemoteOptions::default());
    assert_eq!(world.fetches(), 2);
    assert!(world.finds(kid()));
    assert_eq!(world.fetches(), 2, "the cool-down runs");
    world.server.answer("/keys", good());
    world.clock.advance(COOL_DOWN);
    assert!(world.finds(kid()), "it is not waited for");
    wait_until("the answer of the other replica", || world.status().age == Some(Duration::ZERO));
    let vanished = world.status().vanished;
    assert!(vanished.len() == 1 && vanished[0].0 != kid(), "{vanished:?}");
    assert_eq!(world.fetches(), 3);
}

#[test]
fn without_a_time_to_keep_it_a_vanished_key_is_gone_at_once() {
    let options = RemoteOptions { keep_vanished: Duration::ZERO, ..RemoteOptions::default() };
    let (world, _) = rolled_over(options);
    assert_eq!(world.code(kid()), "keys.unavailable");
    assert_eq!((world.status().vanished, world.status().vanished_uses), (Vec::new(), 0));
    world.clock.advance(REMEMBERED);
    assert_eq!(world.code(kid()), "token.key");
}

#[test]
fn what_the_newest_answer_says_of_an_id_counts() {
    let other = Issuer::generate().unwrap();
    let token = issuer().sign(&admit_tests::fixture::claims());
    let opens = |world: &World| {
        let unverified = admit::token::UnverifiedToken::parse(&token, 65_536).unwrap();
        let key = world
            .keys
            .find(unverified.kid(), Wait::May)
            .map_err(|error| error.code().to_owned())?;
        let verified = admit::verify::verify(unverified, &key);
        verified.map(drop).map_err(|error| error.code().to_owned())
    };
    for (jwk, expected) in [
        (changed("n", other.jwk()["n"].as_str()), "token.signature"),
        (changed("d", Some("AQAB")), "keys.unavailable"),
    ] {
        let world = World::new();
        assert_eq!(opens(&world), Ok(()));
        world.server.answer("/keys", Answer::json(&json!({"keys": [jwk, other.jwk()]})));
        world.clock.advance(COOL_DOWN);
        assert!(world.finds(other.kid()), "the newest answer is read");
        assert_eq!(opens(&world), Err(expected.to_owned()));
        assert_eq!(world.status().vanished, []);
    }
}

/// The fixture's key with another member, or without one.
fn changed(name: &str, value: Option<&str>) -> serde_json::Value {
    let mut jwk = issuer().jwk();
    let members = jwk.as_object_mut().unwrap();
    match value {
        Some(value) => members.insert(name.to_owned(), json!(value)),
        None => members.remove(name),
    };
    jwk
}

#[test]
fn an_answer_that_names_a_key_in_a_form_of_no_use_lacks_it() {
    for jwk in [
        changed("n", None),
        changed("n", Some("AQAB")),
        changed("e", Some("Aw")),
        changed("use", Some("enc")),
        changed("alg", Some("PS256")),
        changed("kty", Some("EC")),
    ] {
        let world = World::new();
        assert!(world.finds(kid()));
        let next = Issuer::generate().unwrap();
        let mut missing = Duration::ZERO;
        for answer in
            [json!({"keys": [jwk, next.jwk()]}), next.jwk_set(), json!({"keys": [jwk, next.jwk()]})]
        {
            world.server.answer("/keys", Answer::json(&answer));
            world.clock.advance(COOL_DOWN);
            assert_eq!(world.code("stranger"), "token.key", "this fetches");
            assert_eq!(world.code(kid()), "ok", "{jwk} in {answer}");
            assert_eq!(world.status().vanished, [(kid().to_owned(), missing)]);
            missing += COOL_DOWN;
        }
        world.clock.advance(KEEP);
        assert_eq!(world.code(kid()), "keys.unavailable", "{jwk}");
        let error = world.keys.find(kid(), Wait::May).unwrap_err();
        assert!(matches!(error, KeyError::Spoilt { .. }), "{error}");
        world.clock.advance(REMEMBERED);
        let _ = world.code("stranger");
        assert_ne!(world.code(kid()), "ok");
    }
}

#[test]
fn a_key_that_anybody_may_have_now_does_not_count_and_blames_no_token() {
    let other = Issuer::generate().unwrap();
    let mut same_id = other.jwk();
    same_id["kid"] = json!(kid());
    for (spoilt, afterwards) in [
        (vec![issuer().jwk(), same_id], "ok"),
        (vec![changed("d", Some("AQAB"))], "keys.unavailable"),
    ] {
        let world = World::new();
        assert!(world.finds(kid()));
        let mut keys = spoilt;
        keys.push(other.jwk());
        for (answer, expected) in
            [(json!({"keys": keys}), "keys.unavailable"), (other.jwk_set(), afterwards)]
        {
            world.server.answer("/keys", Answer::json(&answer));
            world.clock.advance(COOL_DOWN);
            assert_eq!(world.code("stranger"), "token.key", "this fetches");
            assert_eq!(world.code(kid()), expected, "{answer}");
        }
    }
}
