//! Names for things in the pool that survive a reload and never point at another's state.

/// A provider entry. Stable for as long as the configuration has a provider of that `id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProviderId(pub(crate) u32);

/// A credential. The generation tells a slot's present owner from one that a reload removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CredentialId {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

/// A lease, unique in the life of the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct LeaseId(pub(crate) u64);

/// A (provider, model) pair. One that was forgotten and made anew has another generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct EndpointId {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}
