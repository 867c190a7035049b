//! Tokens on their way past the policies that verify them.

use std::sync::Arc;

use super::{Pass, Policy, PolicySet, Stopped, proofs::Proofs};
use crate::{
    call::Call,
    policy::{
        Surroundings,
        bearer::Presented,
        binding::{Binding, Presentation},
        credential::Credential,
        identity::ClientCertificate,
        introspection::Introspected,
        jwt::{self, Tokens},
        logout::Shown,
    },
};

/// What tokens are presented over, and those that were.
#[derive(Debug)]
pub(super) struct Presenter {
    scheme: &'static str,
    pub(super) certificate: Option<ClientCertificate>,
    shown: Vec<Credential>,
    proofs: Proofs,
}

impl Presenter {
    pub(super) fn of(call: &Call) -> Self {
        Self {
            scheme: call.scheme,
            certificate: call.extension().cloned(),
            shown: Vec::new(),
            proofs: Proofs::default(),
        }
    }

    /// Whether the client came over HTTPS.
    pub(super) fn is_secure(&self) -> bool {
        self.scheme == "https"
    }

    /// `http` or `https`.
    pub(super) const fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// What a logout would end; nothing where nobody could log out.
    pub(super) fn shown(&mut self) -> Option<Shown> {
        let shown = std::mem::take(&mut self.shown);
        (!shown.is_empty()).then(|| Shown(shown.into()))
    }
}

type TokenPolicy = Policy<Arc<Tokens>>;

impl Pass<'_> {
    /// Policies that look at the same field share the tokens in it: each is for those of its issuer, so that a token
    /// has to be good for all policies of its issuer, and what no issuer is known of is for those that ask whoever
    /// made it.
    pub(super) async fn tokens(
        &mut self,
        set: &PolicySet,
        around: &Surroundings,
    ) -> Result<(), Stopped> {
        let group: Vec<&TokenPolicy> =
            set.tokens.iter().filter(|policy| self.is_in(policy)).collect();
        for (at, leader) in group.iter().enumerate() {
            let has_same = |policy: &&&TokenPolicy| policy.rule.header == leader.rule.header;
            if group[..at].iter().any(|policy| has_same(&policy)) {
                continue;
            }
            let same: Vec<_> = group.iter().filter(has_same).copied().collect();
            // Whatever nobody is for falls to one that acts, if there is one.
            let strict = same.iter().find(|policy| policy.is_enforced()).copied().unwrap_or(leader);
            let (text, is_proven) = match Presented::of(&leader.rule.header, &self.request.headers)
            {
                Presented::Nothing => continue,
                Presented::Several => {
                    self.settle(strict, Err(jwt::refusal("several-credentials")))?;
                    continue;
                }
                Presented::Token { text, is_proven } => (text, is_proven),
            };
            // What one of them has verified names its issuer without being read again.
            let mut known = same.iter().filter_map(|policy| {
                let known = policy.rule.remembered(text, self.now)?;
                Some((policy.rule.config.issuer.clone(), known))
            });
            let issuer = known.next().map(|(issuer, _)| issuer);
            let issuer = issuer.or_else(|| jwt::claimed_issuer(text));
            let is_for =
                |policy: &&TokenPolicy| issuer.as_ref() == Some(&policy.rule.config.issuer);
            let mut asked: Vec<_> = same.iter().copied().filter(is_for).collect();
            if asked.is_empty() {
                if self.asker(set, &leader.rule.header).is_some() {
                    continue;
                }
                asked.push(strict);
            }
            for policy in asked {
                self.token(policy, (text, is_proven), around).await?;
            }
        }
        self.introspected(set, around).await
    }

    async fn token(
        &mut self,
        policy: &TokenPolicy,
        presented: (&str, bool),
        around: &Surroundings,
    ) -> Result<(), Stopped> {
        let verified = match policy.rule.remembered(presented.0, self.now) {
            Some(known) => Ok(known),
            None => policy.rule.verify(presented.0, self.now).await,
        };
        let checked = self.good(verified, presented, &policy.rule.binding, around).await;
        let checked = checked
            .map(|credential| self.believe(policy, credential))
            .map_err(|code| policy.rule.refusal(code, self.now));
        self.settle(policy, checked)
    }

    /// The policy that asks about tokens in that field: the first one that is enforced, else the first one.
    fn asker<'s>(
        &self,
        set: &'s PolicySet,
        header: &http::HeaderName,
    ) -> Option<&'s Policy<Arc<Introspected>>> {
        let all = || {
            let of_field = set.introspected.iter().filter(|policy| policy.rule.header == *header);
            of_field.filter(|policy| self.is_in(policy))
        };
        all().find(|policy| policy.is_enforced()).or_else(|| all().next())
    }

    /// Asks about what no other policy is for.
    async fn introspected(
        &mut self,
        set: &PolicySet,
        around: &Surroundings,
    ) -> Result<(), Stopped> {
        for policy in &set.introspected {
            let header = &policy.rule.header;
            if !self.asker(set, header).is_some_and(|asker| std::ptr::eq(asker, policy)) {
                continue;
            }
            let (text, is_proven) = match Presented::of(header, &self.request.headers) {
                Presented::Nothing => continue,
                Presented::Several => {
                    self.settle(policy, Err(jwt::refusal("several-credentials")))?;
                    continue;
                }
                Presented::Token { text, is_proven } => (text, is_proven),
            };
            let issuer = jwt::claimed_issuer(text);
            // One that only watches keeps nothing from one that acts.
            let is_for = |other: &TokenPolicy| {
                other.rule.header == *header
                    && issuer.as_ref() == Some(&other.rule.config.issuer)
                    && (other.is_enforced() || !policy.is_enforced())
            };
            if issuer.is_some() && set.tokens.iter().any(|other| self.is_in(other) && is_for(other))
            {
                continue;
            }
            let answered = policy.rule.ask(text, self.now).await;
            let presented = (text, is_proven);
            let checked = self.good(answered, presented, &policy.rule.binding, around).await;
            let checked = checked
                .map(|credential| self.believe(policy, credential))
                .map_err(|code| policy.rule.refusal(code, self.now));
            self.settle(policy, checked)?;
        }
        Ok(())
    }

    /// What is left to ask about a token that is good in itself: whether it was denied, and whether it is that of who
    /// presents it.
    async fn good(
        &self,
        verified: Result<Credential, &'static str>,
        presented: (&str, bool),
        binding: &Binding,
        around: &Surroundings,
    ) -> Result<Credential, &'static str> {
        let credential = verified?;
        if credential.names.are_denied(around.denied.as_ref(), self.now).await {
            return Err("token-denied");
        }
        let presentation = Presentation {
            fields: &self.request.headers,
            method: &self.request.method,
            scheme: self.presenter.scheme,
            authority: self.stage.asked.authority(),
            path: self.request.uri.path(),
            certificate: self.presenter.certificate.as_ref().map(|shown| shown.thumbprint),
            is_review: self.is_review,
        };
        let replays = self.presenter.proofs.within(around.replays.as_ref());
        binding.check(presented, &credential.bound, &presentation, &replays, self.now).await?;
        Ok(credential)
    }

    /// Takes who presents a token for whom it names, where that is sure.
    fn believe<R>(&mut self, policy: &Policy<R>, credential: Credential) {
        if self.stage.reach(&policy.scope).is_sure() {
            let known = &mut self.decisions.identities;
            if !known.contains(&credential.identity) {
                known.push(credential.identity.clone());
            }
        }
        if !self.stage.set.logouts.is_empty() {
            self.presenter.shown.push(credential);
        }
    }
}
