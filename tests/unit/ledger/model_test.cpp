// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Random sequences of everything that happens to a ledger, compared with a short reference model after every
// step:
//   I1  what was acknowledged is there        I4  a line has a tombstone if and only if it is gone
//   I2  what was signed is only ever extended I5  whoever was stopped is never contactable
//   I3  whoever was erased cannot be read     I6  epochs only grow
// A hold keeps its person from I3 until it is over. A restore goes back to its backup, but for keys that have
// been destroyed since: an erasure that was carried out stays, and one that was only asked for is lost with
// the log that had it, unless the backup has it too.
// A failing sequence is shrunk and printed with its seed. COUNTERFOIL_MODEL_SEED replays one,
// COUNTERFOIL_MODEL_SEQUENCES runs as many.
#include "model_world.h"

#include <cstdlib>
#include <random>

namespace counterfoil::ledger::test {
namespace {

constexpr unsigned kSequences = 20;
constexpr std::uint32_t kFirstSeed = 20'261'127;
constexpr std::size_t kSteps = 40;
constexpr unsigned kShrinkRuns = 60;

struct Kind {
  const char* name;
  unsigned weight;
  void (World::*happen)(std::uint32_t, std::uint32_t);
};
constexpr std::array kKinds = {
    Kind{"open", 6, &World::open},
    Kind{"open_list", 1, &World::open_list},
    Kind{"confirm", 2, &World::confirm},
    Kind{"withdraw", 3, &World::withdraw},
    Kind{"stop", 2, &World::stop},
    Kind{"stop_by_link", 1, &World::stop_by_link},
    Kind{"hold", 3, &World::hold},
    Kind{"clear_hold", 1, &World::clear_hold},
    Kind{"erase", 3, &World::erase},
    Kind{"sweep", 3, &World::sweep},
    Kind{"record", 1, &World::record},
    Kind{"rotate", 1, &World::rotate},
    Kind{"restart", 1, &World::restart},
    Kind{"crash", 1, &World::crash},
    Kind{"torn_crash", 1, &World::torn_crash},
    Kind{"backup", 3, &World::backup},
    Kind{"restore", 3, &World::restore},
    Kind{"pull", 2, &World::pull},
    Kind{"push", 1, &World::push},
    Kind{"clone", 1, &World::clone},
};

struct Step {
  const Kind* kind;
  std::uint32_t a;
  std::uint32_t b;
};
using Steps = std::vector<Step>;

Steps random_steps(std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<const Kind*> urn;
  for (const Kind& kind : kKinds) urn.insert(urn.end(), kind.weight, &kind);
  Steps out;
  for (std::size_t i = 0; i < kSteps; ++i) {
    const auto a = static_cast<std::uint32_t>(random() % 100);
    const auto b = static_cast<std::uint32_t>(random() % 100);
    out.push_back({urn[random() % urn.size()], a, b});
  }
  return out;
}

/// Nothing, or what broke.
std::string broken_by(const Steps& steps) {
  try {
    World world;
    for (const Step& step : steps) {
      (world.*step.kind->happen)(step.a, step.b);
      world.check();
    }
    world.check_end();
    return {};
  } catch (const std::exception& broken) {
    return broken.what();
  }
}

/// Leaves out whatever can be left out: halves first, then single steps.
Steps shrunk(Steps steps) {
  unsigned runs = 0;
  for (std::size_t part = steps.size() / 2; part > 0; part /= 2) {
    for (std::size_t at = 0; at < steps.size() && runs < kShrinkRuns; ++runs) {
      Steps fewer = steps;
      const auto from = fewer.begin() + static_cast<std::ptrdiff_t>(at);
      fewer.erase(from, from + static_cast<std::ptrdiff_t>(std::min(part, steps.size() - at)));
      if (broken_by(fewer).empty()) {
        at += part;
      } else {
        steps = std::move(fewer);
      }
    }
  }
  return steps;
}

std::string told(const Steps& steps) {
  std::string out;
  for (const Step& step : steps)
    out += std::string("  ") + step.kind->name + "(" + std::to_string(step.a) + ", " +
           std::to_string(step.b) + ")\n";
  return out;
}

unsigned number_from(const char* variable, unsigned otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

TEST_CASE("whatever happens in whatever order, a ledger keeps what it promised") {
  const unsigned only = number_from("COUNTERFOIL_MODEL_SEED", 0);
  const unsigned sequences = only != 0 ? 1 : number_from("COUNTERFOIL_MODEL_SEQUENCES", kSequences);
  for (unsigned i = 0; i < sequences; ++i) {
    const std::uint32_t seed = only != 0 ? only : kFirstSeed + i;
    const Steps steps = random_steps(seed);
    const std::string broken = broken_by(steps);
    if (broken.empty()) continue;
    const Steps few = shrunk(steps);
    FAIL("COUNTERFOIL_MODEL_SEED=" << seed << ": " << broken << "\nshrunk to " << few.size()
                                   << " steps: " << broken_by(few) << "\n"
                                   << told(few));
  }
}

}  // namespace
}  // namespace counterfoil::ledger::test
