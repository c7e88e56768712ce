//! What can be used, and may not be meant.

use admit::settings::{placeholder, placeholder_in};
use admit::text::{Shown, visible_line};

use super::listener::Listen;
use super::{Config, DecisionLogTarget};

impl Config {
    /// What an operator should know of a configuration that can be used, each in one line.
    pub fn remarks(&self) -> Vec<String> {
        let unused = self.keys.keys().filter(|cloud| !self.has_gate_of(**cloud));
        let unused = unused.map(|cloud| {
            let cloud = cloud.name();
            format!("`keys.{cloud}`: no gate takes tokens of `{cloud}`; these keys are not read")
        });
        self.open_admin().into_iter().chain(unused).chain(self.placeholders()).collect()
    }

    /// Settings of gates, and other texts that take anything, that a template should have filled in.
    fn placeholders(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut look = |path: String, placeholder: Option<&str>| {
            found.extend(placeholder.map(|placeholder| unfilled(&path, placeholder)));
        };
        look("data_dir".to_owned(), placeholder(&self.data_dir.to_string_lossy()));
        if let Some(gitops) = &self.gitops {
            look("gitops.repository".to_owned(), placeholder(&gitops.repository));
        }
        if let Some(DecisionLogTarget::File(path)) = self.decision_log.as_ref().map(|log| &log.to) {
            look("decision_log.to".to_owned(), placeholder(&path.to_string_lossy()));
        }
        for (gate, config) in &self.gates {
            for (name, value) in &config.settings {
                look(format!("gates.{gate}.settings.{name}"), placeholder_in(value));
            }
        }
        found
    }

    fn has_gate_of(&self, cloud: admit::cloud::Cloud) -> bool {
        self.gates.values().any(|gate| gate.cloud == cloud)
    }

    /// What is to be said of an admin listener that other machines reach.
    fn open_admin(&self) -> Option<String> {
        let address = self.admin.listen;
        if Listen::Tcp(address).is_local() {
            return None;
        }
        let everywhere = address.ip().to_canonical().is_unspecified();
        let hosts = match everywhere && self.admin.hosts.is_empty() {
            true => {
                "; without `admin.hosts` it answers under `localhost` and loopback addresses alone"
            }
            false => "",
        };
        Some(format!(
            "`admin.listen`: `{address}` can be reached from other machines, and access tokens come \
             unencrypted; expected a loopback address, or TLS in front and a network of \
             administrators only{hosts}"
        ))
    }
}

fn unfilled(path: &str, placeholder: &str) -> String {
    let (path, placeholder) = (visible_line(path), Shown::new(placeholder));
    format!("`{path}`: `{placeholder}` looks like a placeholder that nothing filled in")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remarks(address: &str) -> Vec<String> {
        let mut config = Config::default();
        config.admin.listen = address.parse().unwrap();
        config.remarks()
    }

    #[test]
    fn an_admin_listener_that_others_reach_is_remarked() {
        for address in ["127.0.0.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert_eq!(remarks(address), [""; 0], "{address}");
        }
        for (address, has_no_name) in
            [("0.0.0.0:1", true), ("[::]:1", true), ("192.0.2.1:1", false)]
        {
            let [remark] = &remarks(address)[..] else { panic!("{address}") };
            assert!(remark.starts_with(&format!("`admin.listen`: `{address}` can be")), "{remark}");
            assert_eq!(remark.contains("`admin.hosts`"), has_no_name, "{remark}");
        }
    }

    #[test]
    fn placeholders_that_nothing_filled_in_are_remarked() {
        let mut config = Config { data_dir: "${DATA}/admit".into(), ..Config::default() };
        let gate = config.gates.get_mut("windows-mdm").unwrap();
        gate.settings = serde_json::json!({"windows_entra_tenant_ids": ["a", "$TENANT"]})
            .as_object()
            .cloned()
            .unwrap();
        let said = "looks like a placeholder that nothing filled in";
        assert_eq!(
            config.remarks(),
            [
                format!("`data_dir`: `${{DATA}}` {said}"),
                format!("`gates.windows-mdm.settings.windows_entra_tenant_ids`: `$TENANT` {said}"),
            ]
        );
    }
}
