//! What happened, said once: receipts to log lines and metrics.
