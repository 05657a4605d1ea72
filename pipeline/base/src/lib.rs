//! What every process needs: logs, exit codes, shutdown.
