//! Where endpoints are kept: found by index, and a handle to one that was forgotten finds nothing.

use crate::endpoint::Endpoint;
use crate::ids::EndpointId;

/// All endpoints, by [`EndpointId`].
#[derive(Debug, Default)]
pub(crate) struct Endpoints {
    rooms: Vec<Room>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Room {
    generation: u32,
    endpoint: Option<Endpoint>,
}

impl Endpoints {
    pub(crate) fn len(&self) -> usize {
        self.rooms.len() - self.free.len()
    }

    pub(crate) fn insert(&mut self, endpoint: Endpoint) -> EndpointId {
        if let Some(index) = self.free.pop() {
            let room = &mut self.rooms[index as usize];
            room.endpoint = Some(endpoint);
            return EndpointId { index, generation: room.generation };
        }
        self.rooms.push(Room { generation: 0, endpoint: Some(endpoint) });
        EndpointId { index: u32::try_from(self.rooms.len() - 1).unwrap_or(u32::MAX), generation: 0 }
    }

    pub(crate) fn get(&self, id: EndpointId) -> Option<&Endpoint> {
        let room = self.rooms.get(id.index as usize).filter(|room| room.generation == id.generation)?;
        room.endpoint.as_ref()
    }

    pub(crate) fn get_mut(&mut self, id: EndpointId) -> Option<&mut Endpoint> {
        let room = self.rooms.get_mut(id.index as usize).filter(|room| room.generation == id.generation)?;
        room.endpoint.as_mut()
    }

    pub(crate) fn remove(&mut self, id: EndpointId) -> Option<Endpoint> {
        let room = self.rooms.get_mut(id.index as usize).filter(|room| room.generation == id.generation)?;
        let endpoint = room.endpoint.take()?;
        room.generation = room.generation.wrapping_add(1);
        self.free.push(id.index);
        Some(endpoint)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (EndpointId, &Endpoint)> {
        self.rooms.iter().enumerate().filter_map(|(index, room)| {
            let id = EndpointId { index: u32::try_from(index).unwrap_or(u32::MAX), generation: room.generation };
            room.endpoint.as_ref().map(|endpoint| (id, endpoint))
        })
    }
}
