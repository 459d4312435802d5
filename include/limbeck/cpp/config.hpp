/* Options of a run: Config, options(). Part of limbeck.hpp. */
#ifndef LIMBECK_CPP_CONFIG_HPP
#define LIMBECK_CPP_CONFIG_HPP

#include "status.hpp"

#include <initializer_list>
#include <limits>
#include <locale>
#include <sstream>
#include <vector>

namespace limbeck {

/* The value of an option: a text, or anything that has one. */
class Value {
public:
    Value(std::string text) : text_(std::move(text)) {}
    Value(std::string_view text) : text_(text) {}
    Value(const char* text) : text_(text) {}

    template <class Number, std::enable_if_t<std::is_arithmetic_v<Number>, int> = 0>
    Value(Number number) {
        if constexpr (std::is_same_v<Number, bool>) {
            text_ = number ? "true" : "false";
        } else {
            std::ostringstream out;
            out.imbue(std::locale::classic());  // 0.5, not 0,5, wherever the user is
            out.precision(std::numeric_limits<Number>::max_digits10);
            out << +number;
            text_ = out.str();
        }
    }

    const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
};

/* The options of a session. What the environment says (LIMBECK_TARGET_RATIO for "target.ratio") comes before what a
 * loaded file says, that before what was set here, and that before the default. */
class Config {
public:
    /* All options at their defaults. */
    Config() noexcept { lbk_config_create(&handle_); }

#if LIMBECK_EXCEPTIONS
    /* {{"target.ratio", 1000}, {"queue.policy", "block"}}. Throws as set(). */
    Config(std::initializer_list<std::pair<const char*, Value>> options) : Config() {
        for (const auto& [name, value] : options) set(name, value);
    }
#endif

    Config(Config&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Config& operator=(Config&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Config() { lbk_config_free(handle_); }

    /* Sets an option.
     *
     * - name      as options() has it, say "target.ratio"
     * - value     a number, true or false, or a text, say "512 MiB"
     *
     * Throws: invalid_argument if there is no such option (the message names the nearest) or the value is not one for
     * it. */
    template <class E = Errors>
    Outcome<void, E> set(const std::string& name, const Value& value, E = E()) {
        return detail::finish<E>(detail::status(lbk_config_set(handle_, name.c_str(), value.text().c_str())));
    }

    /* Reads options from a TOML file; they win over set(), whichever came first.
     *
     * Throws: io if the file cannot be read; invalid_argument as set(), and then nothing of the file is taken. */
    template <class E = Errors>
    Outcome<void, E> load(const std::string& path, E = E()) {
        return detail::finish<E>(detail::status(lbk_config_load(handle_, path.c_str())));
    }

    /* The value that an option has now, environment and loaded files considered. Throws: invalid_argument. */
    template <class E = Errors>
    Outcome<std::string, E> get(const std::string& name, E = E()) const {
        std::string value;
        const lbk_status status = detail::text(value, [&](char* buffer, std::size_t size, std::size_t* needed) {
            return lbk_config_get(handle_, name.c_str(), buffer, size, needed);
        });
        return detail::finish<E>(detail::status(status), [&] { return std::move(value); });
    }

    /* For calls of limbeck.h; owned by this object. */
    lbk_config* handle() const noexcept { return handle_; }

private:
    lbk_config* handle_ = nullptr;
};

/* An option, as there is: what limbeck options prints. */
struct Option {
    std::string name, unit, range, standard, explanation;
};

/* Every option with its default (`standard`). */
template <class E = Errors>
Outcome<std::vector<Option>, E> options(E = E()) {
    std::string list;
    const lbk_status status = detail::text(list, lbk_options);
    return detail::finish<E>(detail::status(status), [&] {
        std::vector<Option> found;
        std::istringstream lines(list);
        for (std::string line; std::getline(lines, line);) {
            std::istringstream fields(line);
            Option option;
            for (std::string* field : {&option.name, &option.unit, &option.range, &option.standard, &option.explanation})
                std::getline(fields, *field, '\t');
            found.push_back(std::move(option));
        }
        return found;
    });
}

}  // namespace limbeck

#endif
