// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// The only place with numbers that bound input, queues and waits. Units are the last word of each name.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace counterfoil::limits {

// Requests
constexpr std::size_t kRequestHeadBytesMax = 12 * 1024;
constexpr std::size_t kRequestLineBytesMax = 2048;
constexpr std::size_t kRequestFieldsMax = 48;
constexpr std::size_t kRequestBodyBytesMax = 16 * 1024;
constexpr std::size_t kFormFieldsMax = 64;
constexpr int kHandshakeDeadline_ms = 10'000;
constexpr int kHeadDeadline_ms = 10'000;
constexpr int kBodyDeadline_ms = 10'000;
constexpr int kWriteDeadline_ms = 20'000;
constexpr int kTurnDeadline_ms = 30'000;  // requests of one connection without a pause
constexpr int kKeepAlive_ms = 15'000;
constexpr unsigned kKeepAliveRequestsMax = 100;
constexpr std::size_t kConnectionsMax = 384;
constexpr std::size_t kConnectionsPerAddressMax = 32;
constexpr unsigned kOptInsPerMinuteMax = 60;   // per address
constexpr unsigned kGuessesPerMinuteMax = 30;  // per address: logins, set-up codes
constexpr std::size_t kApiBodyBytesMax = 64 * 1024;
constexpr unsigned kApiDepthMax = 8;
constexpr std::size_t kApiValuesMax = 4096;
constexpr std::int64_t kAsOfAhead_s = 366LL * 24 * 3600;  // nobody knows the rules of later
constexpr std::size_t kQuestionsMax = 100;  // of one request: each number is looked up and recorded
constexpr std::size_t kClientsMax = 32;
constexpr std::size_t kClientNameBytesMax = 32;  // with "client/" before it still a name
constexpr std::size_t kClientTokenBytes = 32;
constexpr std::int64_t kPersonRefLife_ms = 24LL * 3600 * 1000;
constexpr std::int64_t kFormTokenLife_ms = 2LL * 3600 * 1000;
constexpr std::size_t kFormTokensRememberedMax = 32'768;
constexpr std::size_t kSessionsMax = 256;
constexpr std::size_t kSessionsPerUserMax = 8;
constexpr std::int64_t kSessionIdle_ms = 15LL * 60 * 1000;
constexpr std::int64_t kSessionLife_ms = 10LL * 3600 * 1000;
constexpr std::int64_t kLoginStepLife_ms = 5LL * 60 * 1000;  // from the right password to the second factor
constexpr unsigned kServerThreadsMin = 4;
constexpr unsigned kServerThreadsMax = 64;
constexpr unsigned kStopThreads = 4;
constexpr unsigned kPageThreads = 2;      // pages compute and wait for nothing: more would slow each other
constexpr unsigned kPageStopThreads = 1;  // for the page that stops, while those are busy
constexpr int kPageTurnAwayAfter_ms = 10'000;
constexpr int kCrowdNiceness = 5;  // nice(2) of what a crowd can ask for without end: handshakes and pages
constexpr int kStopThreadAfter_ms = 250;
constexpr unsigned kHandshakeThreads = 1;         // what a flood of handshakes may cost, in cores
constexpr std::size_t kCrowdWaitingMax = 256;     // fewer than all connections: somebody can be given up
constexpr unsigned kHandshakesPerSecondMax = 32;  // per address
constexpr std::int64_t kPlaceWindow_ms = 10'000;  // who did least in this time and as long before goes first
constexpr unsigned kTurnThreads = 8;              // recipients that the sync listener serves at once
constexpr unsigned kStopsPerAddressPerHour = 10;
constexpr int kStopDelay_ms_max = 2'000;
constexpr std::size_t kRateEntriesMax = 8'192;
constexpr std::uint32_t kTicketLife_s = 2 * 3600;
constexpr int kServerStopDeadline_ms = 10'000;
constexpr int kListenBacklog = 1024;
constexpr int kAcceptsAtOnce = 32;  // before the others of the loop have their turn
constexpr int kClientConnectDeadline_ms = 10'000;
constexpr int kClientReadDeadline_ms = 30'000;

// Lists of numbers that a program asks about
constexpr std::size_t kListPieceBytesMax = 256 * 1024;
constexpr std::uint64_t kListBytesMax = 16 * 1024 * 1024;
constexpr std::size_t kListsMax = 4;                  // of all clients
constexpr std::int64_t kListIdle_ms = 3600LL * 1000;  // then it is forgotten
constexpr std::size_t kListPageLinesMax = 4096;
constexpr std::size_t kListSampleMax = 10'000;
constexpr std::size_t kScratchBlock_bytes = 64 * 1024;

// Ledger
constexpr std::size_t kLeafLineBytesMax = 64 * 1024;
constexpr std::size_t kDisclosureBytesMax = 16 * 1024;
constexpr std::size_t kAddressesPerSubjectMax = 8;
constexpr std::uint64_t kEventsPerSubjectMax = 10'000;
constexpr std::size_t kWriterQueueMax = 1024;
constexpr std::size_t kGroupCommitMax = 256;
constexpr std::size_t kOpenedTogetherMax = 1000;  // submissions in one call, and so in one commit
constexpr int kCommitDeadline_ms = 30'000;
constexpr std::size_t kItemBytesMax = 48 * 1024;
constexpr std::size_t kItemNameBytesMax = 256;
constexpr std::size_t kLookUpSubmissionsMax = 64;  // that one look-up by staff is noted in
constexpr std::size_t kStopFoldsMax = 64;          // submissions that one stop looks at before it is answered
constexpr std::size_t kFollowersMax = 1024;        // stops whose further submissions are still to be written
constexpr std::size_t kReadersMax = 8;
constexpr int kReaderWait_ms = 10'000;
constexpr int kIndexWait_ms = 5'000;
constexpr int kVerifyWait_ms = 600'000;
constexpr std::int64_t kCodeLife_s = 7LL * 24 * 3600;
constexpr unsigned kCodeTriesMax = 64;
constexpr std::int64_t kWalBytesBeforeCheckpoint = 16 * 1024 * 1024;
constexpr unsigned kCommitsBeforeCheckpoint = 1024;
constexpr int kLedgerIdle_ms = 3600 * 1000;
constexpr std::uint64_t kCheckpointKept_leaves = 4096;
constexpr std::uint64_t kStopReserve_bytes = 2 * 1024 * 1024;  // disk put aside for stops
constexpr int kStopReserveRetry_ms = 2'000;
constexpr int kCheckpointAfter_ms = 60'000;  // a leaf stays without a signed checkpoint no longer than this
constexpr std::uint64_t kReadChunk_rows = 256;
constexpr std::size_t kSpillRecord_bytes = 1024;
constexpr std::uint64_t kSpillHeld_records = 2'048;  // stops for which the disk is taken at set-up
constexpr std::uint64_t kSpillMax_records = 65'536;  // with what the disk has left
constexpr std::uint64_t kScrubStep_rows = 64;        // a few milliseconds of work
constexpr int kScrubPause_ms = 1'000;                // after each step
constexpr int kScrubEvery_ms = 24 * 3600 * 1000;
constexpr std::int64_t kLogKeyOverlap_s = 7LL * 86'400;  // checkpoints carry the old key's signature so long

// The domain: names, lists and texts inside an event (counterfoil/consent/event.h)
constexpr std::size_t kNameBytesMax = 40;
constexpr std::size_t kLanguageTagBytesMax = 35;
constexpr std::size_t kAddressBytesMax = 254;
constexpr std::size_t kTopicsPerEventMax = 64;
constexpr int kMinimumAgeMax_years = 99;

// Sync
constexpr std::uint64_t kEntriesPerRequestMax = 4096;
constexpr std::uint64_t kEntriesPerPiece = 64;
constexpr std::size_t kEntryLineBytesMax = 192 * 1024;
constexpr int kExchange_ms = 30'000;                     // for an answer of the box, and beyond that
constexpr std::int64_t kExchangeMin_bytes_per_s = 4096;  // no slower than this

// Proofs (src/ledger/FORMAT.md)
constexpr std::size_t kOriginBytesMax = 200;
constexpr std::size_t kLeafValuesMax = 16 * 1024;
constexpr std::size_t kNoteBytesMax = 64 * 1024;
constexpr std::size_t kNoteSignaturesMax = 16;
constexpr std::size_t kProofHashesMax = 63;
constexpr std::size_t kReceiptBytesMax = 256 * 1024;
constexpr std::size_t kFindingsMax = 200;
constexpr std::uint64_t kTilesAheadMax = 1024;  // tiles read beyond the lines that a bundle really has
constexpr std::size_t kOrderRunsMax = 512;
constexpr std::size_t kLogKeysMax = 256;        // keys of one log that a verifier follows
constexpr std::size_t kLogKeyChanges_max = 24;  // by one box: receipts and key files carry a line of each

// Words and numbers
constexpr std::size_t kPhoneBytesMax = 64;
constexpr std::size_t kAcceptLanguageBytesMax = 512;
constexpr std::size_t kAcceptLanguageRangesMax = 16;
constexpr std::size_t kCatalogueBytesMax = 1024 * 1024;
constexpr std::int64_t kDoubtfulLife_s =
    7LL * 24 * 3600;                                 // a message that a person must read waits no longer
constexpr std::size_t kDoubtfulOfOneMax = 5;         // of one person: the first say enough
constexpr std::size_t kDoubtfulMax = 500;            // of them at once
constexpr std::size_t kRatingsKeptMax = 64;          // of one sender; each is a change
constexpr std::size_t kDoubtfulShownMax = 25;        // on one page
constexpr std::int64_t kInboundEvery_s = 600;        // what comes sooner is the same conversation
constexpr std::size_t kDoubtfulTextBytesMax = 1024;  // kept of a message that a person must read
constexpr std::size_t kMessageBytesMax = 4096;       // of a longer one only the beginning is read

// Pages
constexpr std::size_t kAnswersRememberedMax = 1024;  // posts whose answer a second tap gets again
constexpr std::int64_t kKioskDoubleTap_ms = 5'000;
constexpr int kKioskRefresh_s = 30;       // what a shared tablet shows is gone after this
constexpr int kKioskFormRefresh_s = 120;  // a form that somebody may be filling in stays longer
constexpr int kErasureRefresh_s = 10;     // while keys are being destroyed
constexpr int kStopAnswerGrid_ms = 250;   // a stop by number is answered on this grid

// Passwords
constexpr std::size_t kPasswordBytesMax = 256;
constexpr int kPasswordWait_ms = 10'000;
constexpr unsigned kStrangersWaitingMax = 1;  // browsers nobody logged in from, for a turn at a password
constexpr unsigned kKnownWaitingMax = 6;      // the others, who go first

// Board
constexpr unsigned kAnchorReadTries = 3;
constexpr std::uint64_t kStateLookback_leaves = 10'000;  // a start looks that far back for what sys.meta said
constexpr std::size_t kClockControlBytesMax = 64;

// Erasure and retention
constexpr int kAnchorOverwriteAfter_ms = 20'000;    // a disk that lies about the keys has written by then
constexpr int kSecondCopyWait_ms = 5'000;           // longer than that, for a copy of keys.db on another disk
constexpr int kSecondCopyLook_ms = 250;             // between looks whether it is there
constexpr int kSecondCopyEnd_ms = 10'000;           // the most that a stop waits for one
constexpr int kRotateEvery_ms = 30'000;             // erasures that come together share a rotation
constexpr int kRotationReaders_ms = 2'000;          // how long a rotation waits for readers to finish
constexpr int kEpochBusy_ms = 500;                  // before the next try, when readers kept it waiting
constexpr int kEpochRetry_ms = 60'000;              // before the next try after another failure
constexpr std::size_t kErasureSubjectsMax = 1'000;  // of one request
constexpr std::size_t kTombstoneRangesMax = 2'000;  // in one line
constexpr std::size_t kEndingReportsMax = 10'000;   // endings that are remembered without a look at the disk
constexpr std::size_t kStatementBytesMax = 65'536;  // a signed statement
constexpr std::size_t kStackBurnt_bytes = 64 * 1024;  // below a thread that waits
constexpr std::int64_t kClockJumpMax_s = 86'400;      // a longer leap of the clock needs a manager's word
constexpr std::int64_t kSweepNoted_s = 43'200;        // how old the note of the last sweep may become
constexpr std::size_t kMovedLinesMax = 1'000;         // of one person into another cohort at a time
constexpr std::int64_t kMovedAhead_days = 30;         // what is kept moves on no more often than this
constexpr std::int64_t kNoticeOverdue_days = 30;      // a recipient has acknowledged an erasure by then
constexpr std::size_t kNoticesPerAnswerMax = 1'000;   // of erasures, to a recipient
constexpr std::size_t kNoticeAnswerBytesMax = 1024 * 1024;

// Certificates
constexpr std::size_t kCertificateNameCharsMax = 64;  // RFC 5280, ub-common-name
constexpr std::size_t kCertificateNamesMax = 32;
constexpr std::size_t kCertificateBytesMax = 16 * 1024;
constexpr std::size_t kChainCertificatesMax = 8;
constexpr std::array<std::int64_t, 4> kCertificateWarn_days = {30, 14, 7, 3};  // before it ends
constexpr std::int64_t kCertificateAhead_s = 3600;  // how far in our future one may begin that is installed

// Files and configuration
constexpr std::size_t kConfigBytesMax = 256 * 1024;
constexpr std::size_t kKeyFileBytesMax = 16 * 1024;
constexpr std::size_t kControlMessageBytesMax = 64 * 1024;
constexpr std::size_t kControlPeersMax = 8;
constexpr int kControlRetry_ms = 100;
constexpr int kControlDeadline_ms = 30'000;
constexpr int kHealthTick_ms = 10'000;
constexpr int kProgressEvery_ms = 500;

// Desk
constexpr std::int64_t kGrantReadableAfterEnd_days = 30;
constexpr std::size_t kUserNameBytesMin = 2;
constexpr std::size_t kUserNameBytesMax = 32;
constexpr std::size_t kPasswordBytesMin = 10;
constexpr std::size_t kSetUpCodeLength = 12;  // 60 bits
constexpr int kSetUpTriesMax = 5;
constexpr unsigned kTriesFree = 5;               // wrong passwords or codes before the growing delay starts
constexpr unsigned kTryDoublingsMax = 6;         // of the delay of a second: 64 s
constexpr unsigned kFactorTryDoublingsMax = 10;  // where the password was right: 17 minutes
constexpr std::size_t kRecoveryCodes = 10;
constexpr std::size_t kRecoveryCodeLength = 12;              // 60 bits
constexpr std::int64_t kTillMarkLife_s = 180LL * 24 * 3600;  // in the browser, anew at each login
constexpr std::size_t kTriesRememberedMax = 4096;
constexpr std::int64_t kTriesForgottenAfter_ms = 3600LL * 1000;

}  // namespace counterfoil::limits
