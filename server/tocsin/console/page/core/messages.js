/**
 * The messages of the API that this page reads, as its JSON has them.
 *
 * Empty fields are left out of JSON, so nearly all of them are optional.
 */

/**
 * @typedef {object} Invocation
 * @property {string} id
 * @property {string} [triggerId]
 * @property {string} [integration]
 * @property {string} [originName]
 * @property {string} [duration]
 * @property {string} [resentFrom]
 * @property {string} [traceId]
 * @property {{ name: string, value: string }[]} [headers]
 * @property {string} [parent]
 * @property {string} [target]
 * @property {string} state
 * @property {string} [cause]
 * @property {string} [scheduledAt]
 * @property {string} [createdAt]
 * @property {string} [startedAt]
 * @property {string} [finishedAt]
 * @property {string} [dueAt]
 * @property {string} [lateness]
 * @property {string} [node]
 * @property {number} [attemptCount]
 * @property {number} [retriesLeft]
 * @property {string} [lastError]
 * @property {string} [deadLetterQueue]
 * @property {Attempt[]} [attempts]
 * @property {string} [payload]  Base64
 * @property {string} [answer]  Base64
 * @property {string} [executionId]
 * @property {boolean} [parked]
 * @property {string} [cancelReason]
 * @property {string[]} [leftOut]
 * @property {string} [schedule]
 */

/**
 * @typedef {object} Attempt
 * @property {string} kind
 * @property {number} number
 * @property {string} startedAt
 * @property {string} [finishedAt]
 * @property {number} [httpStatus]
 * @property {string} [error]
 */

/**
 * @typedef {object} Change
 * @property {Invocation[]} [invocations]
 * @property {WatchedTrigger[]} [triggers]
 * @property {Intake[]} [intakes]
 * @property {Record<string, any>} [counts]
 * @property {{ reason: string }} [reset]
 * @property {{ reason: string, message: string }} [closing]
 * @property {string} [cursor]
 * @property {string} [sentAt]
 */

/**
 * @typedef {object} WatchedTrigger
 * @property {string} triggerId
 * @property {string} folderId
 * @property {string} [name]
 * @property {boolean} [paused]
 * @property {boolean} [deleted]
 * @property {string} [nextFireAt]
 */

/**
 * @typedef {object} Trigger
 * @property {string} id
 * @property {string} folderId
 * @property {string} [name]
 * @property {string} [description]
 * @property {string} [createdAt]
 * @property {string} [status]
 * @property {Record<string, string>} [labels]
 * @property {Record<string, Record<string, any>>} rule
 */

/**
 * @typedef {object} TriggerRow
 * @property {string} id
 * @property {string} [name]
 * @property {string} [kind]
 * @property {string} [state]
 * @property {string} [description]
 * @property {Record<string, string>} [labels]
 * @property {string} [createdAt]
 * @property {string} [cronExpression]
 * @property {string[]} [targets]
 * @property {string} [nextFire]
 * @property {string} [timeZone]
 * @property {string} [waitingEvents]
 * @property {LastInvocation} [last]
 * @property {string} [problem]
 */

/**
 * @typedef {Pick<Invocation, "id" | "state" | "scheduledAt" | "startedAt" | "finishedAt" | "attemptCount" | "lastError">} LastInvocation
 */

/**
 * @typedef {object} Schedule
 * @property {string} name
 * @property {string} integration
 * @property {string} [triggerId]
 * @property {string} [cronExpression]
 * @property {string} [timeZone]
 * @property {string} [startTime]
 * @property {string} [endTime]
 * @property {string} [jitter]
 * @property {string} [overlapPolicy]
 * @property {string} [catchUpWindow]
 * @property {{ note?: string, pauseTime?: string }} [pause]
 * @property {{ tickTime: string, startTime?: string, executionId?: string }} [nextRun]
 * @property {{ tickTime: string, startTime?: string, executionId?: string }} [lastRun]
 * @property {string} [skippedCount]
 * @property {string} [missedCount]
 * @property {string} [lastError]
 */

/**
 * @typedef {object} Intake
 * @property {string} triggerId
 */

/**
 * @typedef {object} Overview
 * @property {string} [readAt]
 * @property {{ start?: string, minutes?: string[], atLeast?: boolean, timers?: string, schedules?: string }} [forecast]
 * @property {{ minutes?: ActivityMinute[] }} [activity]
 * @property {{ origins?: FailingOrigin[], atLeast?: boolean }} [failures]
 * @property {{ invocations?: string, ticks?: string, batches?: string, atLeast?: boolean, oldestDue?: string }} [overdue]
 * @property {{ sources?: SilentSource[], more?: boolean }} [silentSources]
 * @property {Node[]} [nodes]
 */

/**
 * @typedef {object} ActivityMinute
 * @property {string} start
 * @property {string} [succeeded]
 * @property {string} [failed]
 * @property {string} [deadLettered]
 * @property {string} [cancelled]
 * @property {boolean} [atLeast]
 * @property {string} [medianLag]
 * @property {string} [highLag]
 */

/**
 * @typedef {object} FailingOrigin
 * @property {string} [triggerId]
 * @property {string} [name]
 * @property {string} [folderId]
 * @property {string} [integration]
 * @property {string} [failures]
 * @property {string} [lastInvocationId]
 * @property {string} [lastScheduledAt]
 * @property {string} [lastError]
 */

/**
 * @typedef {object} SilentSource
 * @property {string} triggerId
 * @property {string} [name]
 * @property {string} [kind]
 * @property {string} [lastError]
 */

/**
 * @typedef {object} Node
 * @property {string} name
 * @property {string} [host]
 * @property {string} [version]
 * @property {string} [since]
 * @property {string} [seenAt]
 * @property {boolean} [lost]
 * @property {string} [claims]
 * @property {number} [share]
 * @property {string} [underWay]
 * @property {string} [clockBehind]
 */

/**
 * @typedef {object} Cause
 * @property {string} causeId
 * @property {string} [target]
 * @property {string} [error]
 * @property {{ count?: string, atLeast?: boolean }} [letters]
 * @property {string} [oldestAt]
 * @property {string} [newestAt]
 * @property {string} [exampleInvocationId]
 * @property {{ triggerId: string, name?: string }[]} [triggers]
 */

/**
 * @typedef {object} Job
 * @property {string} [resource]
 * @property {string} id
 * @property {string} [kind]
 * @property {string} [state]
 * @property {{ count?: string, atLeast?: boolean }} [selected]
 * @property {string} [changed]
 * @property {string} [skipped]
 */

export {};
