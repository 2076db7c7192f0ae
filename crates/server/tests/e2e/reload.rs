//! A new configuration, whole or not at all, while requests run.

use claviger_testkit::{FaultKind, Running, Script, ScriptedUpstream, TokenScript};

use crate::harness::{Config, Ended, Gateway, chat, launch, soon, stream, token, tokens, until};

async fn three() -> (Running, Gateway) {
    let script = Script::new().healthy(tokens(5)).token(token(0), TokenScript::status(401));
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(3))).await;
    (provider, gateway)
}

async fn has(gateway: &Gateway, count: usize) {
    until(&format!("{count} tokens are in force"), || async {
        (gateway.credentials().await.len() == count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_hangup_reloads_and_keeps_what_is_known_of_tokens_that_stay() {
    let (provider, gateway) = three().await;
    for ask in 0..4 {
        assert_eq!(gateway.ask(&chat(&format!("before {ask}"))).await.status, 200);
    }
    assert_eq!(gateway.standings().await, ["quarantined", "ready", "ready"]);
    gateway.rewrite(&Config::one(&provider.url(), &tokens(5)).yaml());
    gateway.signal("HUP");
    has(&gateway, 5).await;
    assert_eq!(gateway.standings().await[0], "quarantined");
    for ask in 0..8 {
        assert_eq!(gateway.ask(&chat(&format!("after {ask}"))).await.status, 200);
    }
    assert_eq!(provider.count(&token(0)), 1, "what was known is still known");
    assert!(provider.count(&token(4)) > 0, "the new one works");
}

#[tokio::test]
async fn a_changed_file_is_noticed() {
    let (provider, gateway) = three().await;
    gateway.rewrite(&Config::one(&provider.url(), &tokens(4)).yaml());
    has(&gateway, 4).await;
    gateway.rewrite(&Config::one(&provider.url(), &tokens(2)).yaml());
    has(&gateway, 2).await;
    gateway.still_serves().await;
}

#[tokio::test]
async fn a_changed_token_file_is_noticed() {
    let (provider, gateway) = three().await;
    let file = gateway.file().with_file_name("token");
    std::fs::write(&file, token(1)).unwrap();
    let entry = format!("{{ tokenFile: {} }}", file.display());
    gateway.rewrite(&Config::one(&provider.url(), &[entry]).yaml());
    has(&gateway, 1).await;
    assert_eq!(gateway.ask(&chat("from a file")).await.status, 200);
    assert_eq!(provider.count(&token(1)), 1);
    std::fs::write(&file, token(2)).unwrap();
    until("the new token is used", || async {
        assert_eq!(gateway.ask(&chat("from a file")).await.status, 200);
        (provider.count(&token(2)) > 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_file_that_is_wrong_changes_nothing() {
    let (provider, gateway) = three().await;
    let fine = Config::one(&provider.url(), &tokens(5)).yaml();
    let wrongs = [
        "providers: [".to_owned(),
        String::new(),
        fine.replace("apiTokens", "apiTokenz"),
        fine.replace("type: openai", "type: openay"),
        format!("{fine}routes: [ {{ tiers: [ [ {{ provider: nobody }} ] ] }} ]\n"),
        fine.replace("openaiCustomUrl", "egress: { tls: true, caFile: /nowhere/ca.pem }\n    openaiCustomUrl"),
    ];
    for (number, wrong) in wrongs.iter().enumerate() {
        gateway.rewrite(wrong);
        gateway.signal("HUP");
        let told = || (gateway.stderr() + &gateway.stdout()).matches("stays").count() > number;
        until("the gateway says that the old one stays", || std::future::ready(told().then_some(()))).await;
        assert_eq!(gateway.credentials().await.len(), 3, "{wrong}");
        gateway.still_serves().await;
    }
    std::fs::remove_file(gateway.file()).unwrap();
    gateway.signal("HUP");
    gateway.says("cannot read the configuration").await;
    gateway.still_serves().await;
    gateway.rewrite(&fine);
    has(&gateway, 5).await;
}

#[tokio::test]
async fn streams_in_flight_are_undisturbed() {
    let paced = TokenScript::healthy().fault(FaultKind::Pace { ms: 60 }).words(40);
    let script = Script::new().healthy(tokens(2)).token(token(0), paced);
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let gateway = launch(&Config::one(&provider.url(), &tokens(1))).await;
    let mut streaming = gateway.open(&stream("undisturbed")).await;
    streaming.event().await.expect("the first event");
    // the very token and the provider it runs on are gone from the new configuration
    let other = Config::default().provider(crate::harness::Provider::at("other", &provider.url()).tokens(&[token(1)]));
    gateway.rewrite(&other.yaml());
    gateway.signal("HUP");
    gateway.says("configuration reloaded").await;
    gateway.still_serves().await;
    assert_eq!(provider.count(&token(1)), 1);
    let rest = streaming.rest().await;
    assert_eq!(rest.last().map(String::as_str), Some("data: [DONE]\n\n"));
    assert_eq!(streaming.ended, Some(Ended::Properly));
}

#[tokio::test]
async fn tokens_come_and_go_under_load_and_nobody_notices() {
    let script = Script::new().healthy(tokens(6)).token(token(1), TokenScript::status(401));
    let provider = ScriptedUpstream::start(script).await.unwrap();
    let with = |count: usize| Config::one(&provider.url(), &tokens(count)).yaml();
    let gateway = std::sync::Arc::new(Gateway::start(&with(3), &[]).await);
    let mut clients = tokio::task::JoinSet::new();
    let going = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    for number in 0..8 {
        let (gateway, going) = (std::sync::Arc::clone(&gateway), std::sync::Arc::clone(&going));
        clients.spawn(async move {
            let mut count = 0;
            while going.load(std::sync::atomic::Ordering::Relaxed) {
                let text = format!("client {number} request {count}");
                let answer = gateway.ask(&if count % 2 == 0 { chat(&text) } else { stream(&text) }).await;
                assert_eq!((answer.status, answer.said()), (200, format!("You said: {text}")));
                count += 1;
            }
            count
        });
    }
    for round in 0..12 {
        let count = [6, 3, 5, 4][round % 4];
        gateway.rewrite(&with(count));
        gateway.signal("HUP");
        has(&gateway, count).await;
        let before = provider.seen().len();
        soon("requests go on", provider.seen_when(|seen| seen.len() > before + 20)).await;
    }
    going.store(false, std::sync::atomic::Ordering::Relaxed);
    let asked: usize = clients.join_all().await.iter().sum();
    assert!(asked > 200, "{asked}");
    assert_eq!(gateway.in_flight().await, 0);
}
