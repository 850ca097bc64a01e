// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What messages mean: whole words in six languages, sentences that only hold one, near misses.
#include "i18n/keywords.h"

#include "base/limits.h"
#include "counterfoil/base/bytes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <clocale>
#include <cwctype>
#include <set>
#include <thread>

namespace i18n = counterfoil::i18n;
namespace limits = counterfoil::limits;
using i18n::Wish;
using enum i18n::WishKind;

namespace doctest {
template <>
struct StringMaker<i18n::WishKind> {
  static String convert(i18n::WishKind kind) { return std::string(i18n::wish_name(kind)).c_str(); }
};
}  // namespace doctest

namespace {

const std::vector<i18n::TopicWords> kTopics = {
    {"offers",
     {"offers", "ofertas", "piedāvājumiem", "العروض", "mga alok", "առաջարկներ և զեղչեր", "all offers",
      "promo"}},
    {"news", {"news", "niños", "jaunumiem", "новостей", "الأخبار", "balita", "նորություններ", "Promo!"}},
};

Wish wish(std::string_view text) {
  return i18n::classify(text, kTopics);
}

struct Case {
  std::string_view text;
  i18n::WishKind kind;
  std::string_view topic = {};
};

void check(std::span<const Case> cases) {
  for (const Case& one : cases) {
    CAPTURE(std::string(one.text));
    const Wish found = wish(one.text);
    CHECK(found.kind == one.kind);
    CHECK(found.topic == one.topic);
    CHECK((found.keyword != nullptr) == (one.kind != None));
  }
}

constexpr Case kWholeMessages[] = {
    // English and the platforms
    {"STOP", StopAll},
    {"stop", StopAll},
    {"Stop", StopAll},
    {"sToP", StopAll},
    {"QUIT", StopAll},
    {"end", StopAll},
    {"Cancel", StopAll},
    {"revoke", StopAll},
    {"remove", StopAll},
    {"stopall", StopAll},
    {"Stop all", StopAll},
    {"opt-out", StopAll},
    {"opt out", StopAll},
    {"OptOut", StopAll},
    {"Opt_Out", StopAll},
    {"unsubscribe", StopAll},
    {"#unsubscribe", StopAll},
    {"# Unsubscribe", StopAll},
    {"#STOP", StopAll},
    {"arrêt", StopAll},
    {"ARRÊT", StopAll},
    {"td", StopAll},
    {"please stop", StopAll},
    {"Please, STOP!", StopAll},
    {"Don't contact me.", StopAll},
    {"Don’t contact me", StopAll},
    {"dont contact me", StopAll},
    {"START", Start},
    {"yes", Start},
    {"Yes!", Start},
    {"unstop", Start},
    {"HELP", Help},
    {"help?", Help},
    {"info", Help},
    // Spanish
    {"baja", StopAll},
    {"BAJA", StopAll},
    {"¡Baja!", StopAll},
    {"cancelar", StopAll},
    {"Parar", StopAll},
    {"salir.", StopAll},
    {"DESUSCRIBIR", StopAll},
    {"detener", StopAll},
    {"no más", StopAll},
    {"no mas", StopAll},
    {"NO MÁS", StopAll},
    {"No  más!!", StopAll},
    {"no ma\u0301s", StopAll},  // the accent as a mark of its own
    {"Darme de baja", StopAll},
    {"cancelar suscripcion", StopAll},
    {"alta", Start},
    {"¿Ayuda?", Help},
    // Latvian, with and without its marks
    {"atteikties", StopAll},
    {"ATTEIKTIES", StopAll},
    {"Atteikties no abonēšanas", StopAll},
    {"atteikties no abonesanas", StopAll},
    {"ATTEIKTIES NO ABONĒŠANAS", StopAll},
    {"Beigt!", StopAll},
    {"pārtraukt", StopAll},
    {"partraukt", StopAll},
    {"SĀKT", Start},
    {"palidziba", Help},
    // Arabic: hamza, alef, yeh, teh marbuta, tatweel, harakat, presentation forms
    {"توقف", StopAll},
    {"إلغاء الاشتراك", StopAll},
    {"الغاء الاشتراك", StopAll},
    {"إلغاء الإشتراك", StopAll},
    {"أوقف الرسائل", StopAll},
    {"اوقف الرسائل", StopAll},
    {"إيقاف الرسائل", StopAll},
    {"ايقاف الرسائل!", StopAll},
    {"لا أريد الرسائل", StopAll},
    {"لا اريد الرسائل", StopAll},
    {"لا تراسلني", StopAll},
    {"لا ترسل لي", StopAll},
    {"لا ترسل لى", StopAll},  // alef maksura, as Egypt writes
    {"لا ترسل لی", StopAll},  // a Persian keyboard
    {"توقـــف", StopAll},     // stretched
    {"تَوَقَّفْ", StopAll},        // with vowels
    {"«توقف»", StopAll},
    {"توقف؟", StopAll},
    {"\u200fتوقف\u200f", StopAll},            // right-to-left marks
    {"\u202bتوقف\u202c", StopAll},            // an embedding
    {"\u2067إلغاء الاشتراك\u2069", StopAll},  // an isolate
    {"\ufe97\ufeee\ufed7\ufed2", StopAll},    // presentation forms of توقف
    {"ٱلغاء ٱلاشتراك", StopAll},              // alef wasla
    {"ابدأ", Start},
    {"اشتراك", Start},
    {"اشتراک", Start},
    {"إبدأ", Start},
    {"مساعدة", Help},
    {"مساعده", Help},
    // Filipino
    {"tumigil", StopAll},
    {"ITIGIL", StopAll},
    {"Ihinto", StopAll},
    {"itigil na!", StopAll},
    {"Huwag nang mag-text", StopAll},
    {"Tulong", Help},
    // Armenian: capitals, the ligature in three spellings; and Russian
    {"դադարեցնել", StopAll},
    {"ԴԱԴԱՐԵՑՆԵԼ", StopAll},
    {"Դադարեցրեք։", StopAll},
    {"դադարեցրե՛ք", StopAll},  // the mark of an order stands inside the word
    {"ՍՏՈՊ", StopAll},
    {"Հրաժարվում եմ", StopAll},
    {"այլևս մի գրեք", StopAll},
    {"ԱՅԼԵՎՍ ՄԻ ԳՐԵՔ", StopAll},
    {"այլեւս մի գրեք", StopAll},
    {"Այլևս մի՛ գրեք", StopAll},
    {"стоп", StopAll},
    {"СТОП!", StopAll},
    {"Սկսել", Start},
    {"ՕԳՆՈՒԹՅՈՒՆ", Help},
};

constexpr Case kDressedUp[] = {
    {" stop ", StopAll},
    {"\t\nSTOP\r\n", StopAll},
    {"STOP.", StopAll},
    {"\"stop\"", StopAll},
    {"“Stop”", StopAll},
    {"(STOP)", StopAll},
    {"*STOP*", StopAll},
    {"...stop...", StopAll},
    {"STOP 🛑", StopAll},
    {"🛑🛑 stop 🙏🏽", StopAll},
    {"❤️ baja ❤️", StopAll},
    {"👨‍👩‍👧 STOP", StopAll},
    {"ＳＴＯＰ", StopAll},
    {"ｓｔｏｐ！", StopAll},
    {"𝐒𝐓𝐎𝐏", StopAll},
    {"ⓈⓉⓄⓅ", StopAll},
    {"ST\u200bOP", StopAll},  // zero-width space
    {"\ufeffSTOP", StopAll},  // byte order mark
    {"S\u200dT\u200cOP\u2060", StopAll},
    {"STO\u00adP", StopAll},        // soft hyphen
    {"\u202eSTOP\u202c", StopAll},  // written backwards
    {"STOP\u00a0ALL", StopAll},     // a space that does not break
    {"stop \u3000 all", StopAll},
    {"S T O P", StopAll},
    {"s.t.o.p.", StopAll},
    {"S-T-O-P!", StopAll},
    {"ŚTOP", StopAll},
    {"UNSUBSCRİBE", StopAll},  // a Turkish keyboard
    {std::string_view("STOP\0", 5), StopAll},
    {"\xff\xfeSTOP\x80", StopAll},
};

constexpr Case kTopicStops[] = {
    {"STOP offers", StopTopic, "offers"},
    {"stop OFFERS!", StopTopic, "offers"},
    {"stop all offers", StopTopic, "offers"},
    {"#stop #news", StopTopic, "news"},
    {"unsubscribe: news", StopTopic, "news"},
    {"baja ofertas", StopTopic, "offers"},
    {"BAJA OFERTAS", StopTopic, "offers"},
    {"no más ofertas", StopTopic, "offers"},
    {"baja niños", StopTopic, "news"},
    {"BAJA NIÑOS", StopTopic, "news"},
    {"Atteikties no piedāvājumiem", StopTopic, "offers"},
    {"atteikties no piedavajumiem", StopTopic, "offers"},
    {"beigt JAUNUMIEM", StopTopic, "news"},
    {"إيقاف العروض", StopTopic, "offers"},
    {"ايقاف الاخبار", StopTopic, "news"},
    {"itigil mga alok", StopTopic, "offers"},
    {"STOP balita", StopTopic, "news"},
    {"դադարեցնել նորություններ", StopTopic, "news"},
    {"ԴԱԴԱՐԵՑՆԵԼ ԱՌԱՋԱՐԿՆԵՐ ԵՎ ԶԵՂՉԵՐ", StopTopic, "offers"},
    {"STOP promo", Human},  // two topics are called so
    {"STOP pizza", Human},  // no topic is
    {"STOP offers news", Human},
    {"offers STOP", Human},
    {"STOP offers please", Human},
    {"baja ninos", Human},     // ñ is a letter of its own
    {"стоп новостеи", Human},  // and so is й
    {"стоп НОВОСТЕЙ", StopTopic, "news"},
    {"offers", None},
    {"start offers", None},
};

constexpr Case kSentences[] = {
    {"Please stop sending me this", Human},
    {"don't stop", Human},
    {"I never said stop!", Human},
    {"Do not unsubscribe me", Human},
    {"stop by", Human},
    {"I will stop by tomorrow", Human},
    {"end of month offers?", Human},
    {"can I cancel my order?", Human},
    {"STOP STOP", Human},
    {"stop.please", Human},
    {"the weekend must end", Human},
    {"Is STOP the word?", Human},
    {"https://shop.example/stop", Human},
    {"quiero darme de baja por favor", Human},
    {"no quiero baja", Human},
    {"no más tarde de las seis", Human},
    {"¿A qué hora puedo salir?", Human},
    {"gribu atteikties no visa", Human},
    {"Nevēlos atteikties", Human},
    {"بدون توقف", Human},
    {"أريد إلغاء الاشتراك من فضلك", Human},
    {"لا أريد إلغاء الاشتراك", Human},
    {"والغاء الاشتراك لو سمحت", Human},  // a small word written onto it
    {"توقفوا عن هذا", Human},            // an ending
    {"huwag itigil", Human},
    {"Ayaw kong tumigil kayo", Human},
    {"խնդրում եմ դադարեցնել", Human},
    {"չդադարեցնել", Human},  // "not to stop", one word
    {"пожалуйста, стоп", Human},
    {"please s t o p now", Human},
    {"stop \xff\xfe please", Human},
};

constexpr Case kNearMisses[] = {
    {"", None},
    {" ", None},
    {"no", None},
    {"No.", None},
    {"para", None},
    {"¿para?", None},
    {"para mañana", None},
    {"weekend", None},
    {"have a nice weekend!", None},
    {"unstoppable", None},
    {"nonstop", None},
    {"bus stops", None},
    {"stopover", None},
    {"STOP1", None},
    {"stp", None},
    {"cancellation", None},
    {"friend", None},
    {"bajada", None},
    {"trabaja", None},
    {"separar", None},
    {"más tarde", None},
    {"saliré", None},
    {"start please", None},
    {"yes, tomorrow", None},
    {"help me", None},
    {"información", None},
    {"atteikums", None},
    {"beigts", None},
    {"شكرا", None},
    {"لا", None},
    {"متى تفتحون؟", None},
    {"salamat po", None},
    {"oo", None},
    {"շնորհակալություն", None},
    {"ոչ", None},
    {"спасибо", None},
    {"🛑", None},
    {"#", None},
    {"?", None},
    {"12345", None},
    {"a b c d", None},
    {"t d", None},  // two letters are two words
    {"\xff\xff\xff", None},
    {"\xed\xa0\x80", None},
    {"st\xffop", None},
};

void append(std::string& out, unsigned c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
    return;
  }
  if (c >= 0x800) out += static_cast<char>(0xe0 | c >> 12);
  out += static_cast<char>(c >= 0x800 ? 0x80 | (c >> 6 & 0x3f) : 0xc0 | c >> 6);
  out += static_cast<char>(0x80 | (c & 0x3f));
}

/// Each letter through towupper_l or towlower_l; no list goes beyond the first 65,536 characters.
std::string with_case(std::string_view text, wint_t (*change)(wint_t, locale_t)) {
  static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  std::string out;
  while (!text.empty()) append(out, change(counterfoil::next_code_point(text), utf8));
  return out;
}

}  // namespace

TEST_CASE("a whole message that is a listed word is a wish") {
  check(kWholeMessages);
}

TEST_CASE("punctuation, emoji, width and invisible marks change nothing") {
  check(kDressedUp);
}

TEST_CASE("a stop word and one topic's word stop that topic, anything more is for a person") {
  check(kTopicStops);
}

TEST_CASE("a sentence that holds a stop word is for a person") {
  check(kSentences);
}

TEST_CASE("what only looks like a listed word means nothing") {
  check(kNearMisses);
}

TEST_CASE("every entry is found as itself, in capitals, small, and with something around it") {
  for (const i18n::Keyword& keyword : i18n::keywords()) {
    const std::string text(keyword.text);
    CAPTURE(text);
    for (const std::string& said : {text, with_case(text, towupper_l), with_case(text, towlower_l),
                                    "  " + text + "\n", "#" + text, "\u200f" + text + "\u200e !"}) {
      CAPTURE(said);
      const Wish found = wish(said);
      CHECK(found.kind == keyword.kind);
      CHECK(found.keyword == &keyword);  // so no two entries are the same when folded
    }
  }
}

TEST_CASE("a sentence beside a stop word is never a stop and never passed over") {
  for (const std::string sentence :
       {"about my order of yesterday", "zq", "mañana por la tarde", "rīt no rīta", "اليوم مساء",
        "bukas ng umaga", "վաղը առավոտյան", "завтра утром"}) {
    CHECK(wish(sentence).kind == None);
    for (const i18n::Keyword& keyword : i18n::keywords()) {
      const std::string text(keyword.text);
      const auto kind = keyword.kind == StopAll ? Human : None;
      CAPTURE(text + " " + sentence);
      CHECK(wish(text + " " + sentence).kind == kind);
      CHECK(wish(sentence + ", " + text + "!").kind == kind);
      CHECK(wish(sentence + "\n" + text + "\n" + sentence).kind == kind);
    }
  }
}

TEST_CASE("every language has words of its own, and every entry says where it is from") {
  std::set<std::string_view> lists;
  for (const i18n::Keyword& keyword : i18n::keywords()) {
    CAPTURE(std::string(keyword.text));
    CHECK((keyword.kind == StopAll || keyword.kind == Start || keyword.kind == Help));
    CHECK(counterfoil::is_utf8(keyword.text));
    CHECK_FALSE(keyword.sources.empty());
    if (keyword.kind == StopAll) lists.insert(keyword.list);
  }
  CHECK(lists == std::set<std::string_view>{"ar", "en", "es", "fil", "hy", "lv", "platforms"});
}

TEST_CASE("of a long message only the beginning is read, and it never stops by itself") {
  const std::string full = "STOP" + std::string(limits::kMessageBytesMax - 4, ' ');
  CHECK(wish(full).kind == StopAll);
  CHECK(wish(full + " ").kind == Human);
  CHECK(wish("STOP offers" + full).kind == Human);
  CHECK(wish(std::string(limits::kMessageBytesMax, '!') + "STOP").kind == None);
  CHECK(wish(std::string(limits::kMessageBytesMax - 1, '!') + "é").kind == None);  // cut inside a letter
  CHECK(wish(std::string(limits::kMessageBytesMax + 1, 'a')).kind == None);
  std::string ligatures;
  while (ligatures.size() + 3 <= limits::kMessageBytesMax) ligatures += "\ufdfa";  // each is 18 letters
  CHECK(wish(ligatures).kind == None);
}

TEST_CASE("without topics a stop word and another word is for a person") {
  CHECK(i18n::classify("STOP offers", {}).kind == Human);
  CHECK(i18n::classify("STOP", {}).kind == StopAll);
}

TEST_CASE("many threads may ask at once") {
  std::vector<std::thread> threads;
  std::vector<i18n::WishKind> found(4, None);
  for (auto& kind : found) threads.emplace_back([&kind] { kind = wish("baja ofertas").kind; });
  for (auto& thread : threads) thread.join();
  CHECK(std::ranges::count(found, StopTopic) == 4);
}
