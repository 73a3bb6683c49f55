// The options that say who may connect to the broker and do what.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "broker/credential_check.hpp"
#include "cli/option_table.hpp"

namespace mqtk::broker_program {

struct CredentialOptions {
  std::string password_file;
  std::string acl_file;
  std::vector<std::string> token_key_files;
  std::string token_issuer;
  std::string token_audience;
  bool allow_anonymous = false;
  CredentialCheck::Rules::UserNameFrom user_name_from = CredentialCheck::Rules::UserNameFrom::connect;

  // Whether clients have to prove who they are.
  [[nodiscard]] bool has_credentials() const {
    return !password_file.empty() || !token_key_files.empty() ||
           user_name_from != CredentialCheck::Rules::UserNameFrom::connect;
  }
};

// Adds the group Access.
void add_credential_options(cli::OptionTable& table, CredentialOptions& options);

// Reads the files; again after each SIGHUP. The error is one line that names file and line.
[[nodiscard]] std::expected<CredentialCheck::Rules, std::string> read_rules(const CredentialOptions& options);

}  // namespace mqtk::broker_program
