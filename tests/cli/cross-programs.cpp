#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

struct Base {
  virtual ~Base() = default;
};
struct Derived : Base {
  std::string name = "derived";
};

static int thrown(int depth) {
  if (depth == 0)
    throw std::runtime_error("from below");
  std::string on_the_way = std::to_string(depth);
  return thrown(depth - 1) + static_cast<int>(on_the_way.size());
}

int main() {
  try {
    thrown(50);
  } catch (const std::exception &caught) {
    std::cout << "exception " << caught.what() << '\n';
  }

  std::unique_ptr<Base> base = std::make_unique<Derived>();
  std::cout << "cast " << dynamic_cast<Derived &>(*base).name << '\n';

  int sum = 0;
  std::thread adder([&] { for (int i = 1; i <= 8; i++) sum += i; });
  adder.join();
  std::cout << "thread " << sum + 6 << '\n';

  std::smatch match;
  std::string text = "answer=42";
  if (std::regex_search(text, match, std::regex("([a-z]+)=([0-9]+)")))
    std::cout << "regex " << match[2] << '\n';

  std::ostringstream out;
  out << std::fixed << 2.0 / 3.0 << ' ' << std::sqrt(2.0L);
  std::cout << "floats " << out.str() << '\n';

  unsigned __int128 wide = static_cast<unsigned __int128>(UINT64_MAX) * UINT64_MAX;
  std::cout << "wide " << static_cast<std::uint64_t>(wide >> 64) % 1000 << ' ' << static_cast<std::uint64_t>(wide % 1000003) << '\n';

  std::cout << "path " << std::filesystem::path("/usr/bin/../lib").lexically_normal().string() << '\n';

  std::uint32_t word = 0x01020304;
  std::cout << "order " << int(*reinterpret_cast<unsigned char *>(&word)) << '\n';
}
