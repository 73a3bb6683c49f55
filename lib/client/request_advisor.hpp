// Sees what a Client is about to ask of the broker, such as to warn of what a cloud service is known to refuse.
#pragma once

#include "codec/packet.hpp"

namespace mqtk {

class RequestAdvisor {
 public:
  virtual void before_publish(const Publish& publish) = 0;
  virtual void before_subscribe(const Subscribe& subscribe) = 0;

 protected:
  ~RequestAdvisor() = default;
};

}  // namespace mqtk
