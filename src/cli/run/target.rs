//! Where a run goes and where it is recorded.

use std::cell::OnceCell;

use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::super::Context;
use super::super::connection::token;
use super::super::failure::Failure;
use super::super::sandbox::{TOKEN, Throwaway};
use super::super::store::locate::existing_store;
use super::RunArgs;
use crate::journal::StoreUrl;
use crate::service::stop;

/// The settings' Desk and store, or a throwaway sandbox's.
pub(in crate::cli) struct Target {
    /// The base URL as the plan has it.
    pub(super) planned_url: String,
    /// The base URL that requests go to.
    pub(super) base_url: String,
    pub(in crate::cli) store: StoreUrl,
    pub(super) token: SecretString,
    /// Lives as long as the run.
    pub(super) sandbox: Option<Throwaway>,
    stop: OnceCell<CancellationToken>,
}

impl Target {
    pub(in crate::cli) async fn of(context: &Context, args: &RunArgs) -> Result<Target, Failure> {
        if args.sandbox {
            let sandbox = Throwaway::start(args.faults.as_deref()).await?;
            return Ok(Target {
                planned_url: Throwaway::PLANNED_URL.to_owned(),
                base_url: sandbox.base_url(),
                store: sandbox.store(),
                token: SecretString::from(TOKEN),
                sandbox: Some(sandbox),
                stop: OnceCell::new(),
            });
        }
        let base_url = context.settings.base_url()?.to_string();
        let token = token(&context.settings)?;
        let store = existing_store(context)?;
        Ok(Target {
            planned_url: base_url.clone(),
            base_url,
            store,
            token,
            sandbox: None,
            stop: OnceCell::new(),
        })
    }

    /// Told to stop: once and the same for all that this command does, one after the other.
    pub(super) fn stop(&self) -> Result<CancellationToken, Failure> {
        if let Some(stop) = self.stop.get() {
            return Ok(stop.clone());
        }
        let stop = stop::on_signals()
            .map_err(|error| Failure::stopped(format!("cannot listen for signals: {error}")))?;
        Ok(self.stop.get_or_init(|| stop).clone())
    }
}
