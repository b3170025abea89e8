/** Bit fields of AclOperation codes that may be done to a resource, as Kafka gives them where nothing is forbidden. */
export const authorizedOperations = {
  /** Read, write, create, delete, alter, describe, describe and alter configs. */
  topic: 3576,
  /** Read, delete, describe, describe and alter configs. */
  group: 3400,
  /** Create, cluster action, describe and alter, configs, idempotent write. */
  cluster: 8096,
} as const;
