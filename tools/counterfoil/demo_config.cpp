// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "demo_shop.h"

namespace counterfoil::tool {
namespace {

constexpr std::string_view kBusiness = R"toml(
[business]
id = "tres-faroles"
name = "Tres Faroles"
legal_name = "Ultramarinos Tres Faroles, S.L."
tax_id = "B00000001"  # invented; the check digit is wrong on purpose
address = "Calle del Faro 3, 03181 Torrevieja (Alicante), Spain"
privacy_contact = "privacidad@tresfaroles.example"
authority = { name = "Agencia Española de Protección de Datos", url = "www.aepd.es" }
jurisdiction = "ES"
minimum_age = 14
time_zone = "Europe/Madrid"
languages = ["es", "en"]
colour = "#7a3e00"
minimum_evidence = "present"
notice = "N1"
look_ups = "lookups-12m"
inbound = "inbound-30d"

[[stop_way]]
kind = "keyword"
where = "wa"

[[shop]]
id = "torrevieja"
place = { es = "Torrevieja, Calle del Faro", en = "Torrevieja, Calle del Faro" }
[[shop]]
id = "guardamar"
place = { es = "Guardamar, junto al mercado", en = "Guardamar, by the market" }
[[shop]]
id = "campoamor"
place = { es = "Campoamor, paseo", en = "Campoamor, seafront" }

[[sender]]
id = "wa"
channel = "whatsapp"
address = "+46701740699"
two_way = true
[[sender]]
id = "sms"
channel = "sms"
address = "TresFaroles"
two_way = false

[[topic]]
id = "orders"
category = "utility"
title = { es = "Mis pedidos y arreglos", en = "My orders and repairs" }
line = { es = "Le avisamos cuando su encargo está listo o se retrasa.", en = "We tell you when your order is ready or late." }
retention = "yes-24m"
[[topic]]
id = "care"
category = "utility"
title = { es = "Avisos importantes", en = "Important notices" }
line = { es = "Productos retirados por seguridad y cambios de horario. Pocas veces al año.", en = "Products recalled for safety, and changed opening hours. A few times a year." }
retention = "yes-24m"
[[topic]]
id = "offers"
category = "marketing"
title = { es = "Ofertas de la semana", en = "Offers of the week" }
line = { es = "Un mensaje los jueves, con lo que baja de precio hasta el domingo.", en = "One message on Thursdays: what costs less until Sunday." }
retention = "yes-24m"
[[topic]]
id = "tastings"
category = "marketing"
title = { es = "Catas y talleres", en = "Tastings and workshops" }
line = { es = "Invitaciones a nuestras tiendas. Dos al mes como mucho.", en = "Invitations to our shops. Two a month at most." }
retention = "yes-24m"
[[topic]]
id = "back"
category = "marketing"
one_time = true
title = { es = "Avísenme cuando vuelva", en = "Tell me when it is back" }
line = { es = "Un solo mensaje sobre el producto que usted elija. Después, nada más.", en = "One single message about the product you choose. Then nothing more." }
retention = "once-6m"

[[retention]]
name = "yes-24m"
starts = "last yes or renewal"
keep = "24 months"
then = "proof-3y"
[[retention]]
name = "once-6m"
starts = "yes"
keep = "6 months"
then = "proof-3y"
[[retention]]
name = "proof-3y"
starts = "end of the yes"
keep = "3 years"
then = "destroy"
[[retention]]
name = "stop-mark"
starts = "stop or erasure"
keep = "while the business sends messages; reviewed every January"
then = "destroy"
[[retention]]
name = "inbound-30d"
starts = "message"
keep = "30 days"
then = "destroy"
[[retention]]
name = "lookups-12m"
starts = "look-up by staff"
keep = "12 months"
then = "destroy"

[[recipient]]
id = "head-office"
name = "Tres Faroles head office (same company)"
role = "controller"
receives = ["identity", "consent"]
[[recipient]]
id = "whatsapp"
name = "WhatsApp (Meta)"
role = "processor"
receives = ["identity"]
outside_eu = { es = "EE. UU., con el Marco de Privacidad de Datos UE-EE. UU. o las cláusulas tipo de la UE", en = "the USA, under the EU-US Data Privacy Framework or the EU's standard clauses" }
agreement = { signed = 2026-01-12, purpose = "deliver messages", scope = "number, message", review_by = 2027-01-12 }
[[recipient]]
id = "sms-provider"
name = "Mensajería Ejemplo, S.A."
role = "processor"
receives = ["identity"]
agreement = { signed = 2025-12-01, purpose = "deliver SMS", scope = "number, message", review_by = 2026-12-11 }

[[link]]
id = "caja"
shop = "torrevieja"
place = { es = "En la caja", en = "At the till" }
poster = "table-tent"
topics = ["orders", "care", "offers", "tastings"]
[[link]]
id = "entrada"
shop = "torrevieja"
place = { es = "En la puerta", en = "At the door" }
poster = "A4"
topics = ["care", "offers", "tastings"]
[[link]]
id = "arreglos"
shop = "guardamar"
place = { es = "Mostrador de arreglos", en = "Repairs counter" }
poster = "A5"
topics = ["orders"]
[[link]]
id = "estante"
shop = "torrevieja"
place = { es = "Estante vacío", en = "Empty shelf" }
poster = "sticker"
topics = ["back"]
[[link]]
id = "tablet"
shop = "torrevieja"
place = { es = "Tableta del mostrador", en = "Counter tablet" }
poster = "none"
kiosk = true
topics = ["orders", "care", "offers", "tastings"]
)toml";

constexpr const char* kPromise = R"toml(
[promise]
per_day = 1
days_per_week = 3
hours = "09:00-20:00"
days = "mon-fri"
holidays = false
exceptions = ["orders", "care"]

[[holiday]]
country = "ES"
days = [2026-12-07, 2026-12-08, 2026-12-25, 2027-01-01, 2027-01-06, 2027-03-26, 2027-05-01, 2027-10-12, 2027-11-01,
  2027-12-06, 2027-12-08, 2027-12-25]
)toml";

constexpr const char* kAnyTime = R"toml(
[promise]
per_day = 24
days_per_week = 7
hours = "00:00-24:00"
days = "mon-sun"
holidays = true
exceptions = ["orders", "care"]
)toml";

std::string loosened(const char* rule) {
  return std::string("\n[[rule_decision]]\nrule = \"") + rule +
         "\"\noff = true\nby = \"maria\"\non = 2026-11-01\nreason = \"a demonstration at any time\"\n";
}

std::string rules_text(bool at_any_time) {
  if (!at_any_time) return kPromise;
  return kAnyTime + loosened("etiquette.hours") + loosened("etiquette.weekends") +
         loosened("etiquette.holidays") + loosened("etiquette.frequency");
}

}  // namespace

std::string demo_config(const DemoShop& shop) {
  const auto endpoint = [&](const std::string& address, std::uint16_t offset) {
    return "{ address = \"" + address + "\", port = " + std::to_string(shop.port + offset) + " }\n";
  };
  std::string out = "# Written anew at each start of the demo shop. Everything in it is invented.\n[box]\n";
  out += "origin = \"tres-faroles.example/demo/1\"\nhost = \"" + shop.host + "\"\n";
  out += "other_hosts = [\"localhost\", \"127.0.0.1\", \"::1\"]\n";
  out += "certificate = \"tls/server.pem\"\nkey = \"tls/server.key\"\n";
  out += "board = \"generic\"\nclock_trusted = true\ndemo = true\n\n[listen]\n";
  out += "customer = " + endpoint(shop.listen, 0);
  out += "staff = " + endpoint(shop.listen, 1);
  out += "sync = " + endpoint("127.0.0.1", 2);
  return out + std::string(kBusiness) + rules_text(shop.at_any_time);
}

}  // namespace counterfoil::tool
