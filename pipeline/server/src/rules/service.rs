//! The rpcs of the rules.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use piccolo_catalogue::Catalogue;
use piccolo_engine::{Engine, EngineConfig, EngineError, Lane, PreparedRules, RuleChange};
use piccolo_script::{Diagnostic, RuleSet};
use piccolo_wire::refusal::refusal;
use piccolo_wire::v1;
use piccolo_wire::v1::rule_service_server::RuleService;
use tokio::sync::{Mutex, MutexGuard, mpsc, oneshot};
use tonic::{Request, Response, Status};

use super::versions::{Known, Versions};
use super::{Watch, convert};
use crate::ports::{Changed, LaneRules, Lanes, RuleFile, RuleFiles, RuleOrder};

/// The most bytes of one request: all files of a rule set.
pub const RULES_BYTES_MAX: usize = 16 << 20;

/// The most files of one rule set.
pub const FILES_MAX: usize = 4_096;

/// Serves the life of rules over gRPC.
#[derive(Clone, Debug)]
pub struct RulesService(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    catalogue: Arc<Catalogue>,
    /// Held while a change is carried out: one after the other.
    versions: Mutex<Versions>,
    orders: mpsc::Sender<RuleOrder>,
    watch: Arc<Watch>,
}

impl RulesService {
    /// A service of an engine that has these versions in its lanes.
    pub fn new(
        catalogue: Arc<Catalogue>,
        versions: Versions,
        orders: mpsc::Sender<RuleOrder>,
        watch: Arc<Watch>,
    ) -> Self {
        let versions = Mutex::new(versions);
        Self(Arc::new(Shared { catalogue, versions, orders, watch }))
    }

    /// Takes note that the server was started with these rules. They become active, unless they are
    /// those with which it was started the last time: then what was applied since stays.
    ///
    /// # Errors
    /// What the engine says of them.
    pub async fn give(&self, given: Known) -> Result<(), Status> {
        let mut versions = self.0.versions.lock().await;
        if versions.given() == &**given.digest() {
            return Ok(());
        }
        let mut after = versions.clone();
        after.give(Arc::clone(given.digest()));
        self.0.put(&mut versions, after, Lane::Active, given).await?;
        Ok(())
    }

    /// Runs a change to its end, also where the client goes away meanwhile: what the engine has
    /// and what the versions say stay the same.
    async fn whole<T, F>(
        &self,
        change: impl FnOnce(Arc<Shared>) -> F,
    ) -> Result<Response<T>, Status>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Status>> + Send + 'static,
    {
        let done = tokio::spawn(change(Arc::clone(&self.0))).await;
        done.map_err(|_| Status::internal("the change ended unexpectedly"))?.map(Response::new)
    }
}

#[tonic::async_trait]
impl RuleService for RulesService {
    async fn apply_rules(
        &self,
        request: Request<v1::ApplyRulesRequest>,
    ) -> Result<Response<v1::ApplyRulesResponse>, Status> {
        let request = request.into_inner();
        self.whole(async move |shared| shared.apply(request).await).await
    }

    async fn list_versions(
        &self,
        _: Request<v1::ListVersionsRequest>,
    ) -> Result<Response<v1::ListVersionsResponse>, Status> {
        let versions = self.0.versions.lock().await;
        Ok(Response::new(v1::ListVersionsResponse {
            versions: versions.iter().map(|known| convert::version(known, &versions)).collect(),
            quarantined_count: self.0.watch.state().quarantined_count,
        }))
    }

    async fn switch_rules(
        &self,
        request: Request<v1::SwitchRulesRequest>,
    ) -> Result<Response<v1::SwitchRulesResponse>, Status> {
        let number = request.into_inner().version;
        self.whole(async move |shared| {
            let mut versions = shared.versions.lock().await;
            let known = find(&versions, number)?;
            let after = versions.clone();
            let (version, changed) = shared.put(&mut versions, after, Lane::Active, known).await?;
            let change = Some(convert::change(&changed.active));
            Ok(v1::SwitchRulesResponse { version, change, time_us: changed.time_us })
        })
        .await
    }

    async fn promote_shadow(
        &self,
        _: Request<v1::PromoteShadowRequest>,
    ) -> Result<Response<v1::PromoteShadowResponse>, Status> {
        self.whole(async move |shared| {
            let mut versions = shared.versions.lock().await;
            let known = find(&versions, shadow_of(&versions)?)?;
            let mut after = versions.clone();
            after.empty_shadow();
            let (version, changed) = shared.put(&mut versions, after, Lane::Active, known).await?;
            let change = Some(convert::change(&changed.active));
            Ok(v1::PromoteShadowResponse { version, change, time_us: changed.time_us })
        })
        .await
    }

    async fn drop_shadow(
        &self,
        _: Request<v1::DropShadowRequest>,
    ) -> Result<Response<v1::DropShadowResponse>, Status> {
        self.whole(async move |shared| {
            let mut versions = shared.versions.lock().await;
            let version = shadow_of(&versions)?;
            let mut after = versions.clone();
            after.empty_shadow();
            shared.carry_out(&mut versions, after, None).await?;
            Ok(v1::DropShadowResponse { version })
        })
        .await
    }

    async fn get_shadow_difference(
        &self,
        request: Request<v1::GetShadowDifferenceRequest>,
    ) -> Result<Response<v1::GetShadowDifferenceResponse>, Status> {
        let versions = self.0.versions.lock().await;
        let numbers = (versions.active(), shadow_of(&versions)?);
        let state = self.0.watch.state();
        let found = state.difference.as_ref().ok_or_else(no_shadow)?;
        let limit = request.into_inner().limit;
        Ok(Response::new(convert::difference(found, numbers, limit)))
    }

    async fn list_quarantined(
        &self,
        _: Request<v1::ListQuarantinedRequest>,
    ) -> Result<Response<v1::ListQuarantinedResponse>, Status> {
        let state = self.0.watch.state();
        Ok(Response::new(v1::ListQuarantinedResponse {
            scenarios: state.quarantined.iter().map(convert::quarantined).collect(),
            count: state.quarantined_count,
        }))
    }
}

impl Shared {
    async fn apply(
        self: Arc<Self>,
        request: v1::ApplyRulesRequest,
    ) -> Result<v1::ApplyRulesResponse, Status> {
        let lane = match request.lane() {
            v1::Lane::Shadow => Lane::Shadow,
            v1::Lane::Active | v1::Lane::Unspecified => Lane::Active,
        };
        if request.files.len() > FILES_MAX {
            let text = format!("a rule set has at most {FILES_MAX} files");
            return Err(Status::invalid_argument(text));
        }
        let files = request.files.iter().map(|file| RuleFile::new(&file.name, &file.text));
        let (known, diagnostics) = self.compile(files.collect()).await?;
        let digest = Arc::clone(known.digest());
        let mut versions = self.versions.lock().await;
        let (version, changed) = if request.dry_run {
            let changed = self.rehearse(&versions, lane, known).await?;
            (versions.like(&digest).map(|version| version.number), changed)
        } else {
            let after = versions.clone();
            let (version, changed) = self.put(&mut versions, after, lane, known).await?;
            (Some(version), changed)
        };
        let change = match lane {
            Lane::Active => &changed.active,
            Lane::Shadow => &changed.shadow,
        };
        Ok(v1::ApplyRulesResponse {
            version,
            digest: digest.to_string(),
            diagnostics,
            change: Some(convert::change(change)),
            time_us: (!request.dry_run).then_some(changed.time_us),
        })
    }

    /// Compiles rules where it keeps nobody waiting.
    async fn compile(&self, files: RuleFiles) -> Result<(Known, Vec<v1::RuleDiagnostic>), Status> {
        let catalogue = Arc::clone(&self.catalogue);
        let work = move || {
            let (rules, found) = RuleSet::parse_all(files.texts(), &catalogue);
            let errors = found.iter().filter(|found| Diagnostic::is_error(found)).count();
            let found: Vec<_> = found.iter().map(convert::diagnostic).collect();
            (Known::new(Arc::new(rules), files), errors, found)
        };
        let (known, errors, diagnostics) = tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| Status::internal("the compiler ended unexpectedly"))?;
        match errors {
            0 => Ok((known, diagnostics)),
            errors => Err(refusal(format!("the rules have {errors} errors"), diagnostics)),
        }
    }

    /// The rules of a version, which is compiled first where it is from before the server started.
    async fn rules(&self, known: &Known) -> Result<Arc<RuleSet>, Status> {
        match &known.rules {
            Some(rules) => Ok(Arc::clone(rules)),
            None => {
                let (known, _) = self.compile(known.files.clone()).await?;
                Ok(known.rules.unwrap_or_default())
            }
        }
    }

    /// What a change would do: it is made in an engine that has the same rules and no vehicles.
    async fn rehearse(
        &self,
        versions: &MutexGuard<'_, Versions>,
        lane: Lane,
        known: Known,
    ) -> Result<Changed, Status> {
        let mut lanes: [Arc<RuleSet>; 2] = Default::default();
        for (lane, number) in lanes.iter_mut().zip([Some(versions.active()), versions.shadow()]) {
            if let Some(version) = number.and_then(|number| versions.get(number)) {
                *lane = self.rules(&version.known).await?;
            }
        }
        let (catalogue, rules) = (Arc::clone(&self.catalogue), self.rules(&known).await?);
        let work = move || -> Result<RuleChange, EngineError> {
            let [active, shadow] = lanes;
            let mut engine = Engine::new(EngineConfig::default(), catalogue)?;
            engine.load(&active)?;
            engine.load_shadow(&shadow)?;
            match lane {
                Lane::Active => engine.load(&rules),
                Lane::Shadow => engine.load_shadow(&rules),
            }
        };
        let change = tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| Status::internal("the rehearsal ended unexpectedly"))?
            .map_err(|error| refused(&error))?;
        Ok(Changed { time_us: 0, active: change.clone(), shadow: change })
    }

    /// Puts rules into a lane, of versions that may differ already in what is to be different
    /// `after`; the number that they have then.
    async fn put(
        &self,
        versions: &mut Versions,
        mut after: Versions,
        lane: Lane,
        mut known: Known,
    ) -> Result<(u64, Changed), Status> {
        let rules = self.rules(&known).await?;
        let given = LaneRules { prepared: prepare(&rules).await?, files: known.files.clone() };
        known.rules = Some(rules);
        let number = after.put(lane, known, now_ms());
        let changed = self.carry_out(versions, after, Some((lane, given))).await?;
        Ok((number, changed))
    }

    /// Gives a change to the engine and waits until it is carried out; then the versions are those
    /// `after` it.
    async fn carry_out(
        &self,
        versions: &mut Versions,
        after: Versions,
        given: Option<(Lane, LaneRules)>,
    ) -> Result<Changed, Status> {
        let gone = || Status::unavailable("the engine has ended");
        let mut lanes = Lanes::default();
        if versions.shadow().is_some() && after.shadow().is_none() {
            lanes.shadow = Some(LaneRules::default());
        }
        match given {
            Some((Lane::Active, rules)) => lanes.active = Some(rules),
            Some((Lane::Shadow, rules)) => lanes.shadow = Some(rules),
            None => {}
        }
        let (answer, answered) = oneshot::channel();
        let kept = after.since(versions);
        self.orders.send(RuleOrder { lanes, kept, answer }).await.map_err(|_| gone())?;
        let changed = answered.await.map_err(|_| gone())?.map_err(|error| refused(&error))?;
        *versions = after;
        tracing::info!(time_us = changed.time_us, "the rules have changed");
        Ok(changed)
    }
}

/// Prepares rules for the engine where it keeps nobody waiting.
async fn prepare(rules: &Arc<RuleSet>) -> Result<Arc<PreparedRules>, Status> {
    let rules = Arc::clone(rules);
    tokio::task::spawn_blocking(move || PreparedRules::new(&rules))
        .await
        .map_err(|_| Status::internal("preparing the rules ended unexpectedly"))?
        .map(Arc::new)
        .map_err(|error| refused(&error))
}

fn find(versions: &Versions, number: u64) -> Result<Known, Status> {
    let unknown = || Status::not_found(format!("there is no version {number}"));
    versions.get(number).map(|version| version.known.clone()).ok_or_else(unknown)
}

fn shadow_of(versions: &Versions) -> Result<u64, Status> {
    versions.shadow().ok_or_else(no_shadow)
}

fn no_shadow() -> Status {
    Status::not_found("there is no shadow")
}

/// What the engine says of rules that the compiler takes.
fn refused(error: &EngineError) -> Status {
    match error {
        EngineError::Full { .. } => Status::resource_exhausted(error.to_string()),
        EngineError::WorkerGone(_) => Status::unavailable(error.to_string()),
        _ => Status::invalid_argument(error.to_string()),
    }
}

/// Milliseconds since 1970, as people read them; no decision depends on it.
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
