/**
 * Is a validator of the Standard Schema specification, version 1 (standardschema.dev): zod, valibot, arktype and
 * others implement it. Only the part that is used here is declared.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** Holds what the specification defines. */
  readonly '~standard': {
    /** Is the version of the specification. */
    readonly version: 1;
    /** Names the library that made the validator. */
    readonly vendor: string;
    /** Checks a value, and gives it back transformed, or says what is wrong with it. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** Carries the types; nothing at run time. */
    readonly types?: SchemaTypes<Input, Output> | undefined;
  };
}

/** Carries the types of a validator; there is nothing of it at run time. */
export interface SchemaTypes<Input, Output> {
  /** Is what it takes. */
  readonly input: Input;
  /** Is what it makes of that. */
  readonly output: Output;
}

/** Is what a validator answers. */
export type SchemaResult<Output> = SchemaSuccess<Output> | SchemaFailure;

/** Is the answer of a validator that found nothing wrong. */
export interface SchemaSuccess<Output> {
  /** Is the value, transformed if the validator does that. */
  readonly value: Output;
  /** Is absent: that tells it from a failure. */
  readonly issues?: undefined;
}

/** Is the answer of a validator that found something wrong. */
export interface SchemaFailure {
  /** Says what is wrong. */
  readonly issues: readonly SchemaIssue[];
}

/** Says what is wrong with a value, and where. */
export interface SchemaIssue {
  /** Says what is wrong. */
  readonly message: string;
  /** Leads to the place: keys, or objects that hold a key. */
  readonly path?: readonly (PropertyKey | SchemaPathSegment)[] | undefined;
}

/** Is a step on the way to a value, by its key. */
export interface SchemaPathSegment {
  /** Is the key. */
  readonly key: PropertyKey;
}
