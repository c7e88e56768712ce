use admit::limits::Limits;
use admit::runtime::Runtime;
use admit_api::status::SourceState;
use admit_policies::{INTUNE_MAM, WINDOWS_MDM_2};
use serde_json::Map;

use super::*;
use crate::gates::testing;
use crate::source::SourceOptions;
use crate::store::Retention;

async fn open(folder: &std::path::Path) -> Store {
    Store::open(folder, Retention::default()).await.unwrap()
}

async fn gate(name: &str, runtime: &Runtime, store: &Store) -> Arc<Gate> {
    let gate = testing::gate(name, Map::new(), runtime, store);
    gate.start(None, 0).await;
    gate
}

async fn watching(gate: &Arc<Gate>, store: &Store, path: &std::path::Path) -> Watching {
    let (path, max_bytes) = (path.to_owned(), Limits::default().component_bytes);
    let state = SourceView::new(&path);
    let options = SourceOptions { path, follow_links_outside: false, max_bytes };
    Watching::resume(Arc::clone(gate), store.clone(), Watch::new(options), state).await
}

/// Looks until what lies there is no longer being written.
async fn twice(mut watching: Watching) -> Watching {
    for _ in 0..2 {
        watching = watching.round(false).await.unwrap();
    }
    watching
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_server_killed_while_a_given_up_compilation_goes_on_sets_it_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.wasm");
    std::fs::write(&path, WINDOWS_MDM_2.component).unwrap();
    let store = open(folder.path()).await;
    let limits = Limits { compile_deadline: Duration::ZERO, ..Limits::default() };
    let hurried = Runtime::with_limits(limits).unwrap();
    let a = gate("a", &hurried, &store).await;
    let watched = twice(watching(&a, &store, &path).await).await;
    let seen = watched.state.seen();
    assert!(seen.error.unwrap().contains("compilation took longer than"));
    assert!(seen.retry_at.is_some() && watched.compiles_on);
    let noted = store.trying("a").await.unwrap().expect("kept while it goes on");
    assert_eq!(Some(&noted.digest), seen.digest.as_ref());

    // Another gate's component is not tried meanwhile, and that is not held against it.
    let (b, other) = (gate("b", &hurried, &store).await, folder.path().join("other.wasm"));
    std::fs::write(&other, INTUNE_MAM.component).unwrap();
    let busy = twice(watching(&b, &store, &other).await).await;
    let seen = busy.state.seen();
    assert!(seen.retry_at.is_some());
    // On a fast machine the first compilation has ended by now, and the other took too long itself.
    if seen.error.is_some_and(|error| error.contains("is still running")) {
        assert!(!busy.compiles_on);
        assert_eq!(store.trying("b").await.unwrap(), None);
    }

    // Killed: nothing says that it ended. The next start sets aside what was being compiled.
    store.close().await;
    let store = open(folder.path()).await;
    let runtime = Runtime::new().unwrap();
    let a = gate("a", &runtime, &store).await;
    let watched = twice(watching(&a, &store, &path).await).await;
    let seen = watched.state.seen();
    let error = seen.error.unwrap();
    assert!(error.starts_with("the server ended while it tried this component"), "{error}");
    assert_eq!((seen.state, seen.retry_at), (SourceState::Refused, None));
    assert_eq!(store.trying("a").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_was_noted_ends_with_the_compilation_that_was_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.wasm");
    std::fs::write(&path, WINDOWS_MDM_2.component).unwrap();
    let store = open(folder.path()).await;
    let limits = Limits { compile_deadline: Duration::ZERO, ..Limits::default() };
    let hurried = Runtime::with_limits(limits).unwrap();
    let a = gate("a", &hurried, &store).await;
    let mut watched = twice(watching(&a, &store, &path).await).await;
    while watched.compiles_on {
        watched = watched.round(false).await.unwrap();
    }
    assert!(!hurried.compiles_on());
    assert_eq!(store.trying("a").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_empty_folder_waits_and_one_that_lost_its_file_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let (store, source) = (open(folder.path()).await, folder.path().join("source"));
    std::fs::create_dir(&source).unwrap();
    let runtime = Runtime::new().unwrap();
    let gate = gate("a", &runtime, &store).await;
    let watched = twice(watching(&gate, &store, &source).await).await;
    assert_eq!(watched.state.seen().state, SourceState::Waiting);
    let file = source.join("policy.wasm");
    std::fs::write(&file, INTUNE_MAM.component).unwrap();
    let watched = twice(watched).await;
    assert!(watched.state.seen().digest.is_some());
    std::fs::remove_file(&file).unwrap();
    let watched = twice(watched).await;
    assert_eq!(watched.state.seen().state, SourceState::Unreadable);
}
