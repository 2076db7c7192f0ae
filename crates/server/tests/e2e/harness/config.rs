//! Configuration files, put together from what a test cares about.

use std::fmt::Write as _;
use std::net::SocketAddr;

/// A provider entry.
#[derive(Clone, Debug)]
pub(crate) struct Provider {
    id: String,
    head: String,
    tokens: Vec<String>,
    lines: Vec<String>,
}

impl Provider {
    /// An OpenAI-like provider at `url` (without `/v1`).
    pub(crate) fn at(id: &str, url: &str) -> Self {
        let head = format!("type: openai\n    openaiCustomUrl: {url}/v1");
        Self { id: id.to_owned(), head, tokens: Vec::new(), lines: Vec::new() }
    }

    /// An Azure deployment, really at `address`.
    pub(crate) fn azure(id: &str, service_url: &str, address: SocketAddr) -> Self {
        let egress = format!("egress: {{ connectTo: \"{address}\", tls: false }}");
        let head = format!("type: azure\n    azureServiceUrl: \"{service_url}\"\n    {egress}");
        Self { id: id.to_owned(), head, tokens: Vec::new(), lines: Vec::new() }
    }

    /// A provider of this type and with these options, really at `address`.
    pub(crate) fn of_type(id: &str, kind: &str, address: SocketAddr) -> Self {
        let head = format!("type: {kind}\n    egress: {{ connectTo: \"{address}\", tls: false }}");
        Self { id: id.to_owned(), head, tokens: Vec::new(), lines: Vec::new() }
    }

    pub(crate) fn tokens(mut self, tokens: &[String]) -> Self {
        self.tokens.extend_from_slice(tokens);
        self
    }

    /// Another line of the entry.
    pub(crate) fn line(mut self, line: &str) -> Self {
        self.lines.push(line.to_owned());
        self
    }

    fn yaml(&self) -> String {
        let mut text = format!("  - id: {}\n    {}\n", self.id, self.head);
        text.push_str("    apiTokens:\n");
        for token in &self.tokens {
            let _ = writeln!(text, "      - {token}");
        }
        for line in &self.lines {
            let _ = writeln!(text, "    {line}");
        }
        text
    }
}

/// A configuration in our own form: free ports, receipts as JSON.
#[derive(Clone, Debug, Default)]
pub(crate) struct Config {
    listen: Option<String>,
    admin: Option<String>,
    top: Vec<String>,
    providers: Vec<Provider>,
    tiers: Option<String>,
    route: Vec<String>,
}

impl Config {
    /// One provider named `main` with these tokens, and everything else as it comes.
    pub(crate) fn one(url: &str, tokens: &[String]) -> Self {
        Self::default().provider(Provider::at("main", url).tokens(tokens))
    }

    pub(crate) fn provider(mut self, provider: Provider) -> Self {
        self.providers.push(provider);
        self
    }

    /// Replaces the data port's entry.
    pub(crate) fn listen(mut self, entry: &str) -> Self {
        self.listen = Some(entry.to_owned());
        self
    }

    /// Replaces the admin port's entry.
    pub(crate) fn admin(mut self, entry: &str) -> Self {
        self.admin = Some(entry.to_owned());
        self
    }

    /// A line at the top level.
    pub(crate) fn top(mut self, line: &str) -> Self {
        self.top.push(line.to_owned());
        self
    }

    /// A setting of the one route.
    pub(crate) fn route(mut self, line: &str) -> Self {
        self.route.push(line.to_owned());
        self
    }

    /// The tiers of the one route; without, one tier with all providers.
    pub(crate) fn tiers(mut self, tiers: &str) -> Self {
        self.tiers = Some(tiers.to_owned());
        self
    }

    pub(crate) fn yaml(&self) -> String {
        let mut text = format!("listen: {}\n", self.listen.as_deref().unwrap_or("127.0.0.1:0"));
        let _ = writeln!(text, "admin: {}", self.admin.as_deref().unwrap_or("{ listen: 127.0.0.1:0 }"));
        text.push_str("log: { format: json }\n");
        for line in &self.top {
            let _ = writeln!(text, "{line}");
        }
        text.push_str("providers:\n");
        for provider in &self.providers {
            text.push_str(&provider.yaml());
        }
        if self.tiers.is_some() || !self.route.is_empty() {
            let all: Vec<String> = self.providers.iter().map(|p| format!("{{ provider: {} }}", p.id)).collect();
            let tiers = self.tiers.clone().unwrap_or_else(|| format!("[ [ {} ] ]", all.join(", ")));
            let _ = writeln!(text, "routes:\n  - tiers: {tiers}");
            for line in &self.route {
                let _ = writeln!(text, "    {line}");
            }
        }
        text
    }
}
