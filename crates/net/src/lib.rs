//! The only upstream I/O: TLS, connection pool, one send.
