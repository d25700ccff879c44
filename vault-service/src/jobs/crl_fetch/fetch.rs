//! One fetch for one distributor: claimed, downloaded, put into force, and ended in the store and the
//! audit log, however it ends.

use hyper::body::Bytes;
use sallyport_model::CrlUrl;
use sallyport_pki::{Certificate, CrlUpdate, UnixTime};
use tracing::{Instrument as _, info, info_span, warn};

use super::download::Downloaded;
use super::failure::FetchFailure;
use super::job::{CrlFetching, JOB};
use super::progress::{Attempted, CrlProgress};
use super::schedule::Schedule;
use super::turn::{NoTurn, Turn};
use crate::audit::Entry;
use crate::manager::{CrlSource, DroppedCertificates, ManagerError};
use crate::store::{CrlFetchRecord, StoreError};
use crate::trace::{self, TraceContext};

/// What is audited before anybody is asked, and again with what came of it.
const OPERATION: &str = "crlDistributorConfigs.fetch";

/// How often a list is verified again because another was published meanwhile.
const TRIES: usize = 3;

impl CrlFetching {
    /// In the trace of who asked for it, else in one of its own: its lines in the log and the requests to
    /// the servers belong together.
    pub(super) async fn fetch(
        &self,
        source: &CrlSource,
        record: Option<CrlFetchRecord>,
    ) -> Result<(), NoTurn> {
        let trace = trace::current().or_else(TraceContext::begin);
        let id = trace.map(|trace| tracing::field::display(trace.trace_id()));
        let span = info_span!("crl_fetch", trace_id = id);
        trace::within(trace, self.fetch_all(source, record).instrument(span)).await
    }

    async fn fetch_all(
        &self,
        source: &CrlSource,
        record: Option<CrlFetchRecord>,
    ) -> Result<(), NoTurn> {
        let now = (self.rules.now)();
        let mut progress = CrlProgress::of(record.as_ref(), now);
        progress.under_way = None;
        let turn = Turn::claim(source, record, now)?;
        // From here on nobody else fetches, in this process or another one on the same store. The log says
        // so before anybody is asked.
        let begun = self.entry(source).begun();
        self.store.commit(vec![turn.write(), begun]).await?;
        let no_turn = tokio::select! {
            biased;
            no_turn = self.no_longer(source) => no_turn,
            fetched = self.fetch_lists(source, &mut progress) => match fetched {
                Ok(outcome) => return self.finish(source, &progress, turn, outcome).await,
                Err(no_turn) => no_turn,
            },
        };
        let (reason, turn) = match &no_turn {
            NoTurn::Busy => return Err(no_turn),
            NoTurn::Superseded { .. } => ("superseded", Some(turn)),
            NoTurn::Gone => ("gone", None),
            // Whatever it was is not made better by another try at once.
            NoTurn::Failed(_) => ("unavailable", None),
        };
        self.leave(source, turn, reason).await?;
        Err(no_turn)
    }

    /// Waits until what is fetched is wanted no longer; says why.
    async fn no_longer(&self, source: &CrlSource) -> NoTurn {
        let mut changes = self.store.changes();
        loop {
            changes.borrow_and_update();
            match self.manager.crl_source_version(source).await {
                Ok(Some(found)) if found != source.version() => {
                    return NoTurn::Superseded { found };
                }
                Ok(None) => return NoTurn::Gone,
                // A store that does not answer is heard of when what came of it is committed.
                Ok(Some(_)) | Err(_) => {}
            }
            if changes.changed().await.is_err() {
                // The store ends, and with it whoever fetches.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Ends what was begun, and the turn if it is still there.
    async fn leave(
        &self,
        source: &CrlSource,
        turn: Option<Turn>,
        reason: &'static str,
    ) -> Result<(), NoTurn> {
        let entry = || self.entry(source).failed(reason);
        if let Some(turn) = turn {
            let given_back = turn.given_back((self.rules.now)())?;
            match self.store.commit(vec![given_back, entry()]).await {
                // It is somebody else's by now.
                Err(StoreError::Stale { .. } | StoreError::Gone { .. }) => {}
                left => return left.map_err(Into::into),
            }
        }
        Ok(self.store.commit(vec![entry()]).await?)
    }

    /// Fetches; gives the word for why one of the lists was not taken.
    async fn fetch_lists(
        &self,
        source: &CrlSource,
        progress: &mut CrlProgress,
    ) -> Result<Option<&'static str>, NoTurn> {
        let mut outcome = None;
        let signers = self.manager.crl_signers(source).await?;
        let lists = std::iter::once((&source.complete, &mut progress.complete));
        let delta = match &source.delta {
            Some(url) => Some((url, progress.delta.get_or_insert_default())),
            None => {
                progress.delta = None;
                None
            }
        };
        for (url, list) in lists.chain(delta) {
            list.turn_to(url);
            let failure = match self.fetch_list(source, url, list, &signers).await {
                Ok(()) => continue,
                Err(failure) if failure.is_gone() => return Err(NoTurn::Gone),
                Err(failure) => failure,
            };
            let now = (self.rules.now)();
            let (place, code) = (source.place(), failure.code());
            warn!(distributor = place, %url, code, error = %failure, "a revocation list was not fetched; the last good one stays");
            list.failed(&failure, now);
            outcome = Some(code);
        }
        Ok(outcome)
    }

    /// Commits what came of it with the end of what was begun.
    async fn finish(
        &self,
        source: &CrlSource,
        progress: &CrlProgress,
        turn: Turn,
        outcome: Option<&'static str>,
    ) -> Result<(), NoTurn> {
        let failures = progress.failures();
        let now = (self.rules.now)();
        let next = Schedule::new(source.frequency).next(now, failures, (self.rules.chance)());
        let done = turn.done(progress, next)?;
        let entry = self.entry(source);
        let entry = match outcome {
            Some(code) => entry.failed(code),
            None => entry.allowed(),
        };
        match self.store.commit(vec![done, entry]).await {
            Ok(()) => {
                self.show(source, progress);
                Ok(())
            }
            // Somebody fetches for another version.
            Err(StoreError::Stale { .. }) => {
                self.leave(source, None, "superseded").await?;
                Err(NoTurn::Busy)
            }
            Err(StoreError::Gone { .. }) => {
                self.leave(source, None, "gone").await?;
                Err(NoTurn::Gone)
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn entry(&self, source: &CrlSource) -> Entry {
        let (scope, object) = (source.group.scope, source.audited());
        Entry::of_service(JOB, scope, OPERATION, object, (self.rules.now)())
    }

    /// Fetches a list and puts it into force.
    async fn fetch_list(
        &self,
        source: &CrlSource,
        url: &CrlUrl,
        list: &mut Attempted,
        signers: &[Certificate],
    ) -> Result<(), FetchFailure> {
        let downloaded = self.downloader.download(url, &list.validators, signers);
        let (crl, validators) = match downloaded.await? {
            Downloaded::NotModified => {
                list.confirmed((self.rules.now)());
                return Ok(());
            }
            Downloaded::Crl(crl, validators) => (Bytes::from(crl), validators),
        };
        let now = (self.rules.now)();
        let update = self.put_into_force(source, crl, now).await?;
        let dropped = match update {
            CrlUpdate::Replaced { dropped } => dropped.certificates,
            CrlUpdate::Added | CrlUpdate::Unchanged => 0,
        };
        let place = source.place();
        match dropped {
            0 => info!(distributor = place, %url, ?update, "a revocation list was fetched"),
            dropped => {
                warn!(distributor = place, %url, dropped, "a newer revocation list lists fewer certificates");
            }
        }
        list.taken(validators, dropped, now);
        Ok(())
    }

    async fn put_into_force(
        &self,
        source: &CrlSource,
        crl: Bytes,
        now: UnixTime,
    ) -> Result<CrlUpdate, FetchFailure> {
        let earliest = UnixTime(now.0.saturating_sub(self.rules.listed_for));
        let dropped = DroppedCertificates::RefusedAfter(earliest);
        let mut tries = TRIES;
        loop {
            tries = tries.saturating_sub(1);
            let published =
                self.manager
                    .publish_fetched_crl(JOB, source, crl.clone(), dropped, now);
            match published.await {
                Ok((update, _)) => return Ok(update),
                // Somebody has published another one in the meantime.
                Err(ManagerError::Changed { .. }) if tries > 0 => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
