#include "tests/server/faults.h"

#include <array>

#include "tests/server/range.h"

namespace lazylfs::server {
namespace {

Result<std::uint64_t> number(const Json& value) {
  if (!value.is_number_integer() || value.get<std::int64_t>() < 0) {
    return Error(Errc::invalid, "a number was expected: " + dump_json(value));
  }
  return value.get<std::uint64_t>();
}

// `true` stands for the usual variant.
Result<std::string> variant(const Json& value, std::string_view usual) {
  if (value.is_boolean()) return value.get<bool>() ? std::string(usual) : std::string();
  if (!value.is_string()) return Error(Errc::invalid, "text was expected: " + dump_json(value));
  return value.get<std::string>();
}

struct Key {
  std::string_view name;
  Result<void> (*apply)(FaultAction&, const Json&);
};

constexpr auto kKeys = std::to_array<Key>({
    {"status",
     [](FaultAction& a, const Json& v) -> Result<void> {
       a.status = static_cast<int>(TRY(number(v)));
       a.redirect_status = a.status;
       return {};
     }},
    {"headers",
     [](FaultAction& a, const Json& v) -> Result<void> {
       for (const auto& [name, value] : v.items()) {
         a.headers.emplace_back(name, TRY(variant(value, "true")));
       }
       return {};
     }},
    {"body",
     [](FaultAction& a, const Json& v) -> Result<void> {
       a.body = v.is_string() ? v.get<std::string>() : dump_json(v);
       return {};
     }},
    {"delay_ms",
     [](FaultAction& a, const Json& v) -> Result<void> {
       a.delay_ms = TRY(number(v));
       return {};
     }},
    {"truncate_after",
     [](FaultAction& a, const Json& v) -> Result<void> {
       a.delivery.truncate_after = TRY(number(v));
       return {};
     }},
    {"reset_after",
     [](FaultAction& a, const Json& v) -> Result<void> {
       a.delivery.reset_after = TRY(number(v));
       return {};
     }},
    {"stall_after",
     [](FaultAction& a, const Json& v) -> Result<void> {
       a.delivery.stall_after = TRY(number(v));
       return {};
     }},
    {"stall_ms",
     [](FaultAction& a, const Json& v) -> Result<void> {
       a.delivery.stall_ms = TRY(number(v));
       return {};
     }},
    {"corrupt_at",
     [](FaultAction& a, const Json& v) -> Result<void> {
       a.delivery.corrupt_at = TRY(number(v));
       return {};
     }},
    {"chunked",
     [](FaultAction& a, const Json& v) -> Result<void> {
       a.delivery.chunked = v == Json(true);
       return {};
     }},
    {"drop",
     [](FaultAction& a, const Json& v) -> Result<void> {
       a.delivery.drop = v == Json(true);
       return {};
     }},
    {"cut_upload_after",
     [](FaultAction& a, const Json& v) -> Result<void> {
       a.cut_upload_after = v.is_number_unsigned() ? v.get<std::uint64_t>() : 0;
       return {};
     }},
    {"ignore_range",
     [](FaultAction& a, const Json& v) -> Result<void> {
       a.ignore_range = v == Json(true);
       return {};
     }},
    {"wrong_range",
     [](FaultAction& a, const Json& v) -> Result<void> {
       a.wrong_range = TRY(variant(v, "shifted"));
       return {};
     }},
    {"redirect",
     [](FaultAction& a, const Json& v) -> Result<void> {
       a.redirect = TRY(variant(v, "same"));
       return {};
     }},
    {"json",
     [](FaultAction& a, const Json& v) -> Result<void> {
       a.json = TRY(variant(v, "malformed"));
       return {};
     }},
    {"expired_action",
     [](FaultAction& a, const Json& v) -> Result<void> {
       a.expired_action = TRY(variant(v, "told"));
       return {};
     }},
});

// False for a download that is to be corrupted at a byte that it does not send.
bool covers_corruption(const FaultAction& action, const HttpRequest& request) {
  if (!action.delivery.corrupt_at) return true;
  constexpr std::uint64_t kAnySize = std::uint64_t{1} << 62U;
  const RangeRequest range = parse_range(request.header("Range"), kAnySize);
  return range.range.contains({.offset = *action.delivery.corrupt_at, .length = 1});
}

Result<FaultAction> parse_action(const Json& action) {
  FaultAction result;
  for (const auto& [name, value] : action.items()) {
    const Key* found = nullptr;
    for (const Key& key : kKeys) {
      if (key.name == name) found = &key;
    }
    if (found == nullptr) return Error(Errc::invalid, "unknown action " + name);
    TRY_CONTEXT(name, found->apply(result, value));
  }
  return result;
}

}  // namespace

Result<Faults::Rule> Faults::parse_rule(const Json& rule) {
  const Json* action = json_object(rule, "action");
  if (action == nullptr) return Error(Errc::invalid, "a rule needs an action");
  Rule result;
  result.action = TRY(parse_action(*action));
  const Json* match = json_object(rule, "match");
  if (match == nullptr) return result;
  for (const auto& [name, value] : match->items()) {
    if (name == "kind") {
      result.kind = TRY(variant(value, ""));
    } else if (name == "oid") {
      result.oid = TRY(variant(value, ""));
    } else if (name == "path_prefix") {
      result.path_prefix = TRY(variant(value, ""));
    } else if (name == "nth") {
      result.nth = TRY(number(value));
    } else if (name == "count") {
      result.count = TRY(number(value));
    } else {
      return Error(Errc::invalid, "unknown match " + name);
    }
  }
  return result;
}

Result<void> Faults::add(const Json& rules) {
  std::vector<Rule> parsed;
  if (rules.is_array()) {
    for (const Json& rule : rules) parsed.push_back(TRY(parse_rule(rule)));
  } else {
    parsed.push_back(TRY(parse_rule(rules)));
  }
  auto locked = rules_.lock();
  for (Rule& rule : parsed) locked->push_back(std::move(rule));
  return {};
}

void Faults::clear() { rules_.lock()->clear(); }

bool Faults::matches(const Rule& rule, const HttpRequest& request, const Route& route) {
  return (rule.kind.empty() || rule.kind == kind_name(route.kind)) &&
         (rule.oid.empty() || rule.oid == route.oid) &&
         request.path.starts_with(rule.path_prefix) && covers_corruption(rule.action, request);
}

std::optional<FaultAction> Faults::take(const HttpRequest& request, const Route& route) {
  auto rules = rules_.lock();
  for (Rule& rule : *rules) {
    if (rule.count != 0 && rule.used >= rule.count) continue;
    if (!matches(rule, request, route)) continue;
    ++rule.seen;
    if (rule.nth != 0 && rule.seen != rule.nth) continue;
    ++rule.used;
    return rule.action;
  }
  return std::nullopt;
}

Json Faults::to_json() const {
  Json list = Json::array();
  auto rules = rules_.lock();
  for (const Rule& rule : *rules) {
    list.push_back(
        {{"kind", rule.kind}, {"oid", rule.oid}, {"seen", rule.seen}, {"used", rule.used}});
  }
  return list;
}

}  // namespace lazylfs::server
