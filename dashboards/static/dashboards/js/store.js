// The live state of a site: snapshot + events = a fresh snapshot.  Pure.

/** @typedef {Record<string, any>} Device */

/** A new store holds nothing and knows no order. */
export const emptyStore = () => ({
  /** @type {Map<string, Device>} */ devices: new Map(),
  /** @type {Record<string, any> | null} */ pulse: null,
});

/** @typedef {ReturnType<typeof emptyStore>} Store */

/**
 * Take one message in.  Device events carry only what changed; a repeat or a late arrival changes nothing.
 * @param {Store} store @param {Record<string, any>} message
 * @returns {{all: boolean, serials: Set<string>, pulse: boolean}} what has to be drawn
 */
export function take(store, message) {
  const changed = { all: false, serials: new Set(), pulse: false };
  if (message.type === "snapshot") {
    store.devices = new Map(message.devices.map((/** @type {Device} */ device) => [device.serial, device]));
    store.pulse = message.pulse;
    return { ...changed, all: true, pulse: true };
  }
  for (const event of message.events ?? []) {
    if (event.kind === "device") {
      const known = store.devices.get(event.serial);
      if (known === undefined || event.rev < known.rev) continue; // a device that is new comes with a snapshot
      const { kind, ...fields } = event;
      Object.assign(known, fields);
      changed.serials.add(event.serial);
    } else if (event.kind === "pulse") {
      store.pulse = event;
      changed.pulse = true;
    }
  }
  return changed;
}
