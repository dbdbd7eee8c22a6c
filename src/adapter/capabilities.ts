import type { DebugProtocol } from '@vscode/debugprotocol';
/** What the adapter can do, and what for; the exception filters depend on the client. */
export const CAPABILITIES: DebugProtocol.Capabilities = {
  // the client sends breakpoints between `initialized` and this, so none is missed while booting
  supportsConfigurationDoneRequest: true,
  // sys_bind, SYS_BIND, *0xc1000000
  supportsFunctionBreakpoints: true,
  supportsConditionalBreakpoints: true,
  supportsHitConditionalBreakpoints: true,
  supportsLogPoints: true,
  // gutter: which lines have code
  supportsBreakpointLocationsRequest: true,
  // from the disassembly view
  supportsInstructionBreakpoints: true,
  supportsSteppingGranularity: true,
  // "break on value change" in the variables pane
  supportsDataBreakpoints: true,
  supportsDataBreakpointBytes: true,
  supportsEvaluateForHovers: true,
  supportsSetVariable: true,
  supportsSetExpression: true,
  supportsClipboardContext: true,
  supportsValueFormattingOptions: true,
  supportsCompletionsRequest: true,
  completionTriggerCharacters: ['.', '>'],
  supportsStepInTargetsRequest: true,
  supportsGotoTargetsRequest: true,
  supportsExceptionInfoRequest: true,
  supportsLoadedSourcesRequest: true,
  supportsModulesRequest: true,
  supportsReadMemoryRequest: true,
  supportsWriteMemoryRequest: true,
  supportsDisassembleRequest: true,
  // deep stacks are fetched page by page
  supportsDelayedStackTraceLoading: true,
  supportsTerminateRequest: true,
  supportsCancelRequest: true,
  // the guest's console has colours
  supportsANSIStyling: true,
  // system calls: on entry, on return, on failure
  supportsExceptionFilterOptions: true,
};
